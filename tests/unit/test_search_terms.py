"""Search terms of an account: folding, words, and how many are stored."""

import pytest

from app.models.search_terms import fold, search_filter, search_terms


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("João", "joao"),
        ("JOÃO", "joao"),
        ("Joa\u0303o", "joao"),
        ("Straße", "strasse"),
        ("ＡＮＡ", "ana"),
        ("İstanbul", "istanbul"),
        ("ﬁm", "fim"),
        ("\u0301", ""),
    ],
)
def test_folds_case_accents_and_forms(text: str, bare: str) -> None:
    assert fold(text) == bare
    assert fold(bare) == bare


def test_stores_the_words_and_their_first_characters() -> None:
    kept = search_terms(email="ana@example.com", full_name="Ana  d'Ávila")
    assert kept == {
        "name_key": "ana d'avila",
        "search": {
            "words": ["ana@example.com", "ana", "d'avila", "d", "avila"],
            "keys": [
                *("a", "an", "ana", "ana@", "ana@e", "ana@ex", "av", "avi", "avil", "avila"),
                *("d", "d'", "d'a", "d'av", "d'avi", "d'avil"),
            ],
        },
    }


@pytest.mark.parametrize(
    "name", [" ".join("abcdefghij" * 6), "ﷺ" * 120, "- " * 60 + "a", "a-" * 60]
)
def test_stores_a_limited_number_of_words(name: str) -> None:
    kept = search_terms(email="a@example.com", full_name=name[:120])
    assert len(kept["search"]["words"]) <= 21
    assert len(kept["search"]["keys"]) <= 21 * 6
    assert len(kept["name_key"]) <= 240


def test_a_term_begins_with_an_equality() -> None:
    assert search_filter("JÔ") == {"search.keys": "jo"}
    assert search_filter("maria joão") == {"search.keys": {"$all": ["maria", "joao"]}}
    long = search_filter("conceição.x b")
    assert long["search.keys"] == {"$all": ["concei", "b"]}
    assert [regex.pattern for regex in long["search.words"]["$all"]] == [r"^conceicao\.x"]
    assert search_filter("\u0301 ") is None
