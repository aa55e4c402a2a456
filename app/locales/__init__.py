"""Languages: one folder each with its sentences, its mail templates and its formats.

A folder's name gives the BCP 47 tag: pt_BR is pt-BR. To add a language, add a folder. Nothing
outside this package names a language.

- ``sentences.py``: SENTENCES, a sentence by the name of each reason, and RESOURCES, the names of
  things. ``{}`` in a sentence stands for the name of a thing, ``{languages}`` for all languages.
- ``formats.py``: how a point in time, a number of hours and a choice are written.
- ``mail/``: two templates for each kind of mail, ``.txt`` (which has the subject) and ``.html``.
"""

from collections.abc import Iterable
from enum import Enum

from app.locales.folders import (
    MAX_TAG_LENGTH,
    Locale,
    LocaleError,
    check_locale,
    read_locales,
)

__all__ = [
    "DEFAULT_LOCALE",
    "LOCALES",
    "MAX_TAG_LENGTH",
    "OPERATOR_LOCALE",
    "Locale",
    "LocaleError",
    "add_locales",
    "find_gaps",
    "find_locale",
    "list_languages",
    "match_locale",
    "sentence",
]

DEFAULT_LOCALE = "pt-BR"  # of messages and mail, unless the setting DEFAULT_LOCALE says otherwise
OPERATOR_LOCALE = "en"  # of commands and of the descriptions in the schema
LOCALES: dict[str, Locale] = {}  # by tag; the default first, the others in alphabetical order


def add_locales(package: str) -> None:
    """Add the language folders of a package, such as "my_extension.locales".

    A folder of a language that exists adds sentences, resources and mail templates to it, and
    replaces those of the same name; it needs no formats.py. Any other folder adds a language.
    Call this before app.models, app.accounts or schema is imported: descriptions list the
    languages. Raises LocaleError.
    """
    known = {**LOCALES, **read_locales(package, LOCALES)}
    in_order = sorted(known, key=lambda tag: (tag != DEFAULT_LOCALE, tag))
    LOCALES.clear()
    LOCALES.update({tag: known[tag] for tag in in_order})


def find_gaps(reasons: Iterable[Enum], mail_kinds: Iterable[str]) -> list[str]:
    """Return which texts the languages lack, one line each; empty when all are there.

    reasons: the members of ErrorReason, and those that extensions add. mail_kinds: names.
    """
    reference = LOCALES[DEFAULT_LOCALE]
    names, kinds = list(reasons), list(mail_kinds)
    return [
        gap for locale in LOCALES.values() for gap in check_locale(locale, reference, names, kinds)
    ]


def find_locale(tag: str) -> Locale:
    """Return the language of a tag. Where it has been removed, return the default language."""
    return LOCALES.get(tag) or LOCALES[DEFAULT_LOCALE]


def match_locale(tag: str) -> str | None:
    """Return the tag of the language that is closest to `tag`, or None.

    As RFC 4647's lookup: es-AR matches es. Where that finds nothing, a language of another region
    will do: pt and pt-PT match pt-BR. Upper and lower case are the same.
    """
    ours = {name.lower(): name for name in LOCALES}
    parts = tag.lower().split("-")
    for length in range(len(parts), 0, -1):
        if found := ours.get("-".join(parts[:length])):
            return found
    return next((ours[name] for name in ours if name.split("-")[0] == parts[0]), None)


def list_languages(locale: str = OPERATOR_LOCALE) -> str:
    """Return the tags of all languages as a choice in words, such as "pt-BR, en or es"."""
    return find_locale(locale).formats.format_alternatives(list(LOCALES))


def sentence(reason: Enum, locale: str, resource: str | None = None) -> str:
    """Return the sentence for a reason in a language, given by its tag.

    `resource` fills the ``{}`` of sentences that name a thing. Without it ``{}`` stays.
    """
    language = find_locale(locale)
    words = language.sentences[reason.name]
    if "{languages}" in words:
        words = words.replace("{languages}", list_languages(locale))
    return words.replace("{}", language.resources[resource]) if resource else words


add_locales(__name__)
