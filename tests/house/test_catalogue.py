"""The error catalogue: standard messages are exact, and every reason has a description."""

import pytest

from app.errors import ErrorCode, ErrorReason
from app.locales import sentence

STANDARD = {
    "INVALID_DATA": "Ocorreu um erro nos campos informados.",
    "DOES_NOT_EXIST": "Este(a) {} não existe.",
    "EXCEPTION": "Ocorreu um erro no servidor. Contate o administrador.",
    "ALREADY_EXISTS": "Já existe um(a) {} com estes dados.",
    "REQUIRED": "Campo obrigatório",
}


@pytest.mark.parametrize("name", STANDARD)
def test_the_standard_messages_are_exact(name: str) -> None:
    assert sentence(ErrorReason[name], "pt-BR") == STANDARD[name]


def test_a_message_names_its_resource_if_there_is_one() -> None:
    assert sentence(ErrorReason.DOES_NOT_EXIST, "pt-BR", "user") == "Este(a) usuário não existe."
    assert sentence(ErrorReason.DOES_NOT_EXIST, "en", "user") == "This user does not exist."
    assert sentence(ErrorReason.DOES_NOT_EXIST, "es", "user") == "No existe tal usuario."


def test_reasons_and_codes_have_descriptions() -> None:
    assert all(reason.description and reason.code for reason in ErrorReason)
    assert all(code.description for code in ErrorCode)
    assert {reason.code for reason in ErrorReason} == set(ErrorCode)
