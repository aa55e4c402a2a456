"""Languages: selection, formats, and the additions of a package."""

from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import pytest

from app.errors import ErrorReason
from app.locales import (
    DEFAULT_LOCALE,
    LOCALES,
    MAX_TAG_LENGTH,
    LocaleError,
    add_locales,
    find_gaps,
    find_locale,
    list_languages,
    match_locale,
    sentence,
)

NEW = "qaa"  # reserved for private use by ISO 639: it will never be a language of this product
MOMENT = datetime(2026, 11, 2, 1, 5, tzinfo=UTC)
FORMATS = """
def format_moment(at): return "then"
def format_hours(number): return "some hours"
def format_alternatives(items): return "/".join(items)
"""


class Reason(Enum):
    """Error reasons of an extension."""

    CARD_DECLINED = 1


def write_files(folder: Path, **files: str) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("tag", "match"),
    [
        ("pt-BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("en", "en"),
        ("en-GB", "en"),
        ("es-AR", "es"),
        ("es-MX", "es"),
        ("es-419", "es"),
        ("es-Latn-CL", "es"),
        ("est", None),
        ("e", None),
        ("", None),
        (NEW, None),
    ],
)
def test_finds_the_closest_language(tag: str, match: str | None) -> None:
    assert match_locale(tag) == match


def test_prefers_the_region_that_was_asked_for(locale_package: Path) -> None:
    write_files(locale_package / "es_AR", sentences="SENTENCES = {}", formats=FORMATS)
    add_locales(locale_package.name)
    assert (match_locale("es-ar"), match_locale("es-MX")) == ("es-AR", "es")


def test_a_language_that_was_removed_becomes_the_default() -> None:
    assert find_locale(NEW).tag == DEFAULT_LOCALE
    assert sentence(ErrorReason.REQUIRED, NEW) == sentence(ErrorReason.REQUIRED, DEFAULT_LOCALE)


@pytest.mark.parametrize(
    ("tag", "moment", "hours", "choice"),
    [
        ("pt-BR", "01/11/2026 às 22:05 (UTC−3)", ("1 hora", "24 horas"), "a, b ou c"),
        ("en", "2 November 2026 at 01:05 UTC", ("1 hour", "24 hours"), "a, b or c"),
        ("es", "2 de noviembre de 2026, 01:05 UTC", ("1 hora", "24 horas"), "a, b o c"),
    ],
)
def test_formats_values_for_each_language(
    tag: str, moment: str, hours: tuple[str, str], choice: str
) -> None:
    formats = LOCALES[tag].formats
    assert formats.format_moment(MOMENT) == moment
    assert (formats.format_hours(1), formats.format_hours(24)) == hours
    assert formats.format_alternatives(["a", "b", "c"]) == choice
    assert formats.format_alternatives(["a"]) == "a"


def test_spanish_uses_u_for_or_before_the_sound_of_o() -> None:
    assert LOCALES["es"].formats.format_alternatives(["es", "om"]) == "es u om"


def test_the_error_of_an_unknown_language_lists_the_known_ones() -> None:
    *others, last = LOCALES
    most = ", ".join(others)
    for tag, words in (
        ("pt-BR", f"Idioma inválido. Use {most} ou {last}."),
        ("en", f"Invalid language. Use {most} or {last}."),
        ("es", f"Idioma no válido. Use {most} o {last}."),
    ):
        assert sentence(ErrorReason.INVALID_LOCALE, tag) == words


def test_a_package_adds_a_language(locale_package: Path) -> None:
    write_files(locale_package / NEW, sentences="SENTENCES = {'REQUIRED': 'Xyz'}", formats=FORMATS)
    before = list(LOCALES)
    add_locales(locale_package.name)
    assert list(LOCALES) == [*before, NEW]
    assert sentence(ErrorReason.REQUIRED, NEW) == "Xyz"
    assert list_languages(NEW) == "/".join(LOCALES)
    assert f"{NEW}: no sentence for TOO_LONG" in find_gaps(ErrorReason, [])
    assert all(gap.startswith(f"{NEW}: ") for gap in find_gaps(ErrorReason, []))


def test_the_default_language_is_first_and_the_others_are_sorted(locale_package: Path) -> None:
    write_files(locale_package / "qab", sentences="", formats=FORMATS)
    write_files(locale_package / "aa", sentences="", formats=FORMATS)
    add_locales(locale_package.name)
    first, *others = LOCALES
    assert first == DEFAULT_LOCALE
    assert others == sorted(others)


def test_a_package_adds_to_a_language(locale_package: Path) -> None:
    words = """
RESOURCES = {"card": "tarjeta"}
SENTENCES = {"CARD_DECLINED": "Se rechazó la {}.", "REQUIRED": "Falta este campo"}
"""
    write_files(locale_package / "es", sentences=words)
    (locale_package / "es" / "mail").mkdir()
    before = LOCALES["es"]
    add_locales(locale_package.name)
    after = LOCALES["es"]
    assert sentence(Reason.CARD_DECLINED, "es", "card") == "Se rechazó la tarjeta."
    assert sentence(ErrorReason.REQUIRED, "es") == "Falta este campo"
    assert sentence(ErrorReason.TOO_LONG, "es") == "Valor demasiado largo."
    assert after.formats is before.formats
    assert after.mail_folders == (locale_package / "es" / "mail", *before.mail_folders)
    assert [gap for gap in find_gaps(Reason, []) if gap.startswith("en:")] == [
        "en: no sentence for CARD_DECLINED"
    ]


def test_a_package_may_add_only_mail_templates(locale_package: Path) -> None:
    (locale_package / "en" / "mail").mkdir(parents=True)
    (locale_package / "en" / "mail" / "card_declined.txt").touch()
    add_locales(locale_package.name)
    assert find_gaps([], ["CARD_DECLINED"]) == [
        f"{tag}: no mail template card_declined.{part}"
        for tag in LOCALES
        for part in ("html", "txt")
        if (tag, part) != ("en", "txt")
    ]


@pytest.mark.parametrize("name", ["french", "pt-BR", "PT", "pt_br"])
def test_refuses_a_folder_whose_name_is_no_language(locale_package: Path, name: str) -> None:
    write_files(locale_package / name, sentences="", formats=FORMATS)
    with pytest.raises(LocaleError, match="not the name of a language"):
        add_locales(locale_package.name)


def test_refuses_formats_that_lack_one(locale_package: Path) -> None:
    write_files(locale_package / NEW, sentences="", formats="def format_moment(at): return 'then'")
    with pytest.raises(LocaleError, match="no function format_hours"):
        add_locales(locale_package.name)


def test_ignores_files_of_python_and_git(locale_package: Path) -> None:
    (locale_package / NEW / "__pycache__").mkdir(parents=True)
    (locale_package / "__pycache__").mkdir()
    (locale_package / "__init__.py").touch()
    add_locales(locale_package.name)
    assert NEW not in LOCALES


def test_a_tag_has_at_most_this_many_characters(locale_package: Path) -> None:
    assert max(map(len, LOCALES)) <= MAX_TAG_LENGTH == len("qaa-Latn-BR")
    write_files(locale_package / "qaa_Latn_BR", sentences="", formats=FORMATS)
    add_locales(locale_package.name)
    assert "qaa-Latn-BR" in LOCALES
