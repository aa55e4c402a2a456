"""The catalogue: every reason has its sentence in every language."""

import pytest

from app.errors import ErrorCode, ErrorReason
from app.locales import CATALOGUES, sentence

STANDARD = {
    "INVALID_DATA": "Ocorreu um erro nos campos informados.",
    "DOES_NOT_EXIST": "Este(a) {} não existe.",
    "EXCEPTION": "Ocorreu um erro no servidor. Contate o administrador.",
    "ALREADY_EXISTS": "Já existe um(a) {} com estes dados.",
    "REQUIRED": "Campo obrigatório",
}


@pytest.mark.parametrize("locale", CATALOGUES)
def test_a_language_has_a_sentence_for_every_reason_and_no_other(locale: str) -> None:
    sentences = CATALOGUES[locale].SENTENCES
    assert set(sentences) == {reason.name for reason in ErrorReason}
    assert all(words.strip() for words in sentences.values())


def test_languages_name_the_same_things_in_the_same_places() -> None:
    first, *others = CATALOGUES.values()
    for other in others:
        assert other.RESOURCES.keys() == first.RESOURCES.keys()
        for name, words in first.SENTENCES.items():
            assert words.count("{}") == other.SENTENCES[name].count("{}")


@pytest.mark.parametrize("name", STANDARD)
def test_the_standard_messages_stand_word_for_word(name: str) -> None:
    assert sentence(ErrorReason[name], "pt-BR") == STANDARD[name]


def test_a_thing_is_named_where_there_is_one() -> None:
    assert sentence(ErrorReason.DOES_NOT_EXIST, "pt-BR", "user") == "Este(a) usuário não existe."
    assert sentence(ErrorReason.DOES_NOT_EXIST, "en", "user") == "This user does not exist."


def test_reasons_and_codes_are_described() -> None:
    assert all(reason.description and reason.code for reason in ErrorReason)
    assert all(code.description for code in ErrorCode)
    assert {reason.code for reason in ErrorReason} == set(ErrorCode)
