"""Languages: every folder is complete, and no code outside app/locales names a language."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path
from shutil import copytree

import pytest
from bson import ObjectId

from app import locales
from app.errors import ErrorReason
from app.locales import DEFAULT_LOCALE, LOCALES, LocaleError, add_locales, find_gaps
from app.mail.rendering import render
from app.mail_kinds import MAIL_KINDS
from app.models.outgoing_mail import OutgoingMailRecord

ROOT = Path(__file__).parent.parent.parent
FOLDERS = Path(locales.__file__).parent
NEW = "qaa"  # reserved for private use by ISO 639: it will never be a language of this product
VALUES = {
    "full_name": "Ana D'Ávila",
    "link": "https://app.example.com/page?token=abc",
    "valid_hours": 24,
    "at": datetime(2026, 11, 25, 14, 5, tzinfo=UTC),
    "device": "Firefox, Windows",
    "ip_address": "2001:db8::7",
    "new_email": "nova@example.com",
}


def find_folder(tag: str) -> Path:
    return FOLDERS / tag.replace("-", "_")


def list_gaps() -> list[str]:
    return find_gaps(ErrorReason, MAIL_KINDS)


def list_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.suffix != ".pyc"}


def test_every_folder_is_a_language_and_the_default_is_the_first() -> None:
    tags = [path.name.replace("_", "-") for path in FOLDERS.iterdir() if (path / "mail").is_dir()]
    assert list(LOCALES) == [DEFAULT_LOCALE, *sorted(set(tags) - {DEFAULT_LOCALE})]


def test_no_language_lacks_a_sentence_a_resource_or_a_mail_template() -> None:
    assert list_gaps() == []


@pytest.mark.parametrize("tag", LOCALES)
def test_no_language_has_sentences_or_files_that_the_default_lacks(tag: str) -> None:
    ours, default = LOCALES[tag], LOCALES[DEFAULT_LOCALE]
    assert ours.sentences.keys() == {reason.name for reason in ErrorReason}
    assert ours.resources.keys() == default.resources.keys()
    assert list_files(find_folder(tag)) == list_files(find_folder(DEFAULT_LOCALE))


@pytest.mark.parametrize("kind", MAIL_KINDS)
@pytest.mark.parametrize("tag", LOCALES)
def test_every_mail_renders_in_every_language(tag: str, kind: str) -> None:
    mail = OutgoingMailRecord({"_id": ObjectId(), "kind": kind, "to": "ana@example.com"})
    sender = Address("Contas", addr_spec="contas@mail.example.com")
    message = render(mail, VALUES, locale=tag, sender=sender, home="https://app.example.com")
    parts = [str(part.get_payload(decode=True), "utf-8") for part in message.iter_parts()]
    assert message["Subject"]
    assert message["Content-Language"] == tag
    assert len(parts) == 2
    assert all("Ávila" in part and "None" not in part and "{" not in part for part in parts)


@pytest.mark.parametrize(
    "path", sorted((find_folder("es") / "mail").iterdir()), ids=lambda p: p.name
)
def test_a_missing_template_is_reported(locale_package: Path, path: Path) -> None:
    copytree(find_folder("es"), locale_package / NEW)
    (locale_package / NEW / "mail" / path.name).unlink()
    add_locales(locale_package.name)
    assert list_gaps() == [f"{NEW}: no mail template {path.name}"]


def test_a_missing_sentence_or_resource_is_reported(locale_package: Path) -> None:
    copytree(find_folder("es"), locale_package / NEW)
    sentences = locale_package / NEW / "sentences.py"
    words = sentences.read_text(encoding="utf-8")
    words = re.sub(r'    "(TOO_LONG|session)": .*\n', "", words)
    words = words.replace("Use {languages}.", "").replace("tal {}", "tal cosa")
    sentences.write_text(words, encoding="utf-8")
    add_locales(locale_package.name)
    assert list_gaps() == [
        f"{NEW}: DOES_NOT_EXIST has other placeholders than in pt-BR",
        f"{NEW}: INVALID_LOCALE has other placeholders than in pt-BR",
        f"{NEW}: no sentence for TOO_LONG",
        f"{NEW}: no name for the resource session",
    ]


@pytest.mark.parametrize(
    ("file", "missing"),
    [
        ("__init__.py", "sentences.py is missing"),
        ("formats.py", "no function format_moment"),
        ("sentences.py", "formats.py is missing"),
    ],
)
def test_an_empty_language_is_refused(locale_package: Path, file: str, missing: str) -> None:
    (locale_package / NEW).mkdir()
    (locale_package / NEW / file).write_text("", encoding="utf-8")
    with pytest.raises(LocaleError, match=missing):
        add_locales(locale_package.name)


def test_no_other_code_names_a_language() -> None:
    tags = "|".join({re.escape(name) for tag in LOCALES for name in (tag, tag.replace("-", "_"))})
    named = re.compile(rf"""["' ]({tags})["']|\b[a-z]{{2}}[-_][A-Z]{{2}}\b""")
    modules = [*(ROOT / "app").rglob("*.py"), *(ROOT / "schema").rglob("*.py")]
    guilty = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in modules
        if FOLDERS not in path.parents and "node_modules" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if named.search(line)
    ]
    assert guilty == []
