"""Language folders: read one, and find what is missing in it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

FOLDER_NAME = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?", re.ASCII)
MAX_TAG_LENGTH = 11  # characters, as in "xxx-Xxxx-XX"
FORMATS = ("format_moment", "format_hours", "format_alternatives")
PLACEHOLDER = re.compile(r"\{\w*\}", re.ASCII)


class LocaleError(ValueError):
    """A language folder is incomplete or has a wrong name; the message says where."""


class Formats(Protocol):
    """The functions of a language's formats.py."""

    def format_moment(self, at: datetime) -> str:
        """Return a point in time in words; `at` has a time zone."""

    def format_hours(self, number: int) -> str:
        """Return a number of hours in words."""

    def format_alternatives(self, items: Sequence[str]) -> str:
        """Return a choice between `items` in words, such as "a, b or c"."""


@dataclass(frozen=True, eq=False)
class Locale:
    """A language.

    tag: its BCP 47 tag, such as "pt-BR".
    sentences: by the name of a reason. resources: the names that fill ``{}`` in a sentence.
    mail_folders: where its mail templates are; the first folder that has a template is used.
    """

    tag: str
    sentences: Mapping[str, str]
    resources: Mapping[str, str]
    formats: Formats
    mail_folders: tuple[Path, ...]


def read_locales(package: str, known: Mapping[str, Locale]) -> dict[str, Locale]:
    """Return the languages of a package's folders, each merged with the one in `known`.

    The texts of the package replace those in `known` that have the same name. Raises LocaleError.
    """
    found: dict[str, Locale] = {}
    for root in import_module(package).__path__:
        for folder in sorted(Path(root).iterdir()):
            if _is_language_folder(folder):
                tag = folder.name.replace("_", "-")
                found[tag] = _read_folder(package, folder, found.get(tag) or known.get(tag))
    return found


def check_locale(
    locale: Locale, reference: Locale, reasons: Iterable[Enum], mail_kinds: Iterable[str]
) -> Iterator[str]:
    """Yield what a language lacks, one line each, such as "es: no sentence for TOO_LONG".

    It needs a sentence for each reason, with the placeholders that it has in the language
    `reference`; a name for each resource of `reference`; the text and HTML template of each kind
    of mail, given by its name; and every other template of `reference`.
    """
    for reason in reasons:
        words = locale.sentences.get(reason.name, "")
        expected = reference.sentences.get(reason.name, words)
        if not words.strip():
            yield f"{locale.tag}: no sentence for {reason.name}"
        elif _placeholders(words) != _placeholders(expected):
            yield f"{locale.tag}: {reason.name} has other placeholders than in {reference.tag}"
    for resource in sorted(reference.resources.keys() - locale.resources.keys()):
        yield f"{locale.tag}: no name for the resource {resource}"
    templates = {f"{kind.lower()}.{part}" for kind in mail_kinds for part in ("txt", "html")}
    for template in sorted((templates | _templates_of(reference)) - _templates_of(locale)):
        yield f"{locale.tag}: no mail template {template}"


def _is_language_folder(folder: Path) -> bool:
    if folder.name.startswith(("_", ".")) or not folder.is_dir():
        return False
    # git leaves __pycache__ behind when the branch that one changes to has no such folder
    if all(part.name == "__pycache__" for part in folder.iterdir()):
        return False
    if not FOLDER_NAME.fullmatch(folder.name):
        raise LocaleError(f"{folder}: not the name of a language, such as pt_BR")
    return True


def _read_folder(package: str, folder: Path, known: Locale | None) -> Locale:
    sentences = _read_module(package, folder, "sentences")
    formats = _read_formats(package, folder)
    if known is None:
        if sentences is None or formats is None:
            missing = "sentences.py" if sentences is None else "formats.py"
            raise LocaleError(f"{folder}: {missing} is missing")
        known = Locale(folder.name.replace("_", "-"), {}, {}, formats, ())
    mail = folder / "mail"
    return replace(
        known,
        sentences={**known.sentences, **getattr(sentences, "SENTENCES", {})},
        resources={**known.resources, **getattr(sentences, "RESOURCES", {})},
        formats=formats or known.formats,
        mail_folders=(mail, *known.mail_folders) if mail.is_dir() else known.mail_folders,
    )


def _read_formats(package: str, folder: Path) -> Formats | None:
    formats = _read_module(package, folder, "formats")
    for name in FORMATS if formats else ():
        if not callable(getattr(formats, name, None)):
            raise LocaleError(f"{folder}: formats.py has no function {name}")
    return cast(Formats | None, formats)


def _read_module(package: str, folder: Path, name: str) -> ModuleType | None:
    if not (folder / f"{name}.py").is_file():
        return None
    return import_module(f"{package}.{folder.name}.{name}")


def _templates_of(locale: Locale) -> set[str]:
    return {path.name for folder in locale.mail_folders for path in folder.iterdir()}


def _placeholders(words: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(words))
