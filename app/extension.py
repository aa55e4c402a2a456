"""Extensions: what they may add, and how they are loaded.

An extension is a Python package on the path, named in the setting EXTENSIONS, that defines
``EXTENSION``. It comes in two steps, because documents, forms and GraphQL types are built from
tables when they are imported:

1. ``register_extensions`` imports the packages and adds their entries to the tables: profile
   fields, permissions, roles, error reasons, languages and kinds of mail. The package itself may
   import only modules that stand below ``app.models``: see docs/extending.md.
2. ``load_parts`` imports the modules named by ``Extension.parts``, which may use the documents and
   types: they bring documents, root fields, event listeners and commands.

The administration of this product is an extension like any other: see ``app/administration``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

import click

from app.config import Settings, SettingsError
from app.errors import REASONS, AnyErrorReason
from app.events import AccountListener
from app.locales import LOCALES, add_locales, find_gaps
from app.mail_kinds import MAIL_KINDS, AnyMailKind
from app.permissions import PERMISSIONS, ROLES, AnyPermission, Role
from app.profile_fields import ProfileField, add_profile_fields, documents_are_built

T = TypeVar("T")
BUILT_IN = ("app.administration",)


@dataclass(frozen=True, kw_only=True)
class Extension:
    """The entries that an extension adds to the tables.

    name: in snake_case; names the extension in messages.
    profile_fields: what else is known of a person; optional fields only.
    permissions, error_reasons, mail_kinds: enumerations, subclasses of AnyPermission,
    AnyErrorReason and AnyMailKind.
    roles: what they allow; ADMIN has every permission by itself.
    locales: the name of a package with language folders, as app/locales has them: the sentences of
    the error reasons and the templates of the mail; a folder of its own adds a language.
    parts: the name of a module that defines ``PARTS``; empty for none.
    """

    name: str
    profile_fields: Sequence[ProfileField] = ()
    permissions: type[AnyPermission] | None = None
    roles: Sequence[Role] = ()
    error_reasons: type[AnyErrorReason] | None = None
    mail_kinds: type[AnyMailKind] | None = None
    locales: str = ""
    parts: str = ""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What an extension brings that uses documents and types.

    documents: MongoEngine documents, with their indexes, built by `flask db indexes`.
    queries, mutations: root fields by their names in snake_case, declared by schema.guard.
    listeners: called after an account event was stored.
    commands: groups or commands of `flask`.
    """

    documents: Sequence[type[Any]] = ()
    queries: Mapping[str, Any] = field(default_factory=dict)
    mutations: Mapping[str, Any] = field(default_factory=dict)
    listeners: Sequence[AccountListener] = ()
    commands: Sequence[click.Command] = ()


_registered: dict[str, Extension] = {}


def register_extensions(settings: Settings) -> None:
    """Import the modules of EXTENSIONS and add their entries to the tables, each module once.

    Call it before anything of app.models, app.accounts or schema is imported.
    Raises SettingsError: naming EXTENSIONS for a module that cannot be imported, defines no
    EXTENSION, brings a name that is taken, or lacks a text in a language; naming DEFAULT_LOCALE
    for a language that there is not.
    """
    _register_each((*BUILT_IN, *settings.extensions))
    if settings.extensions and (gaps := find_gaps(REASONS.values(), MAIL_KINDS)):
        raise SettingsError("\n".join(f"EXTENSIONS: {gap}" for gap in gaps))
    if settings.default_locale not in LOCALES:
        raise SettingsError(f"DEFAULT_LOCALE: Must be one of: {', '.join(LOCALES)}.")


def load_parts() -> list[Parts]:
    """The parts of all registered extensions, in the order of EXTENSIONS.

    Raises SettingsError for parts that cannot be imported.
    """
    _register_each(BUILT_IN)
    return [_import(one.parts, "PARTS", Parts) for one in _registered.values() if one.parts]


def _register_each(modules: Iterable[str]) -> None:
    for module in modules:
        if module not in _registered:
            _registered[module] = _register(module)


def _register(module: str) -> Extension:
    extension = _import(module, "EXTENSION", Extension)
    if module not in BUILT_IN and documents_are_built():
        raise RuntimeError(f"{module} comes too late: documents and types are built already")
    try:
        if extension.profile_fields:
            add_profile_fields(*extension.profile_fields)
        _add(PERMISSIONS, _members(extension.permissions))
        _add(ROLES, {role.name: role for role in extension.roles})
        _add(REASONS, _members(extension.error_reasons))
        _add(MAIL_KINDS, _members(extension.mail_kinds))
        if extension.locales:
            add_locales(extension.locales)
    except ValueError as error:
        raise SettingsError(f"EXTENSIONS: {module}: {error}.") from None
    return extension


def _members(enumeration: Any) -> dict[str, Any]:
    return dict(enumeration.__members__) if enumeration else {}


def _add(table: dict[str, T], entries: Mapping[str, T]) -> None:
    for name in entries:
        if name in table:
            raise ValueError(f"the name {name} is taken")
    table.update(entries)


@cache
def _import(module: str, name: str, kind: type[T]) -> T:
    try:
        found = getattr(import_module(module), name, None)
    except ImportError as error:
        raise SettingsError(f"EXTENSIONS: {module} cannot be imported: {error}.") from None
    if not isinstance(found, kind):
        raise SettingsError(f"EXTENSIONS: {module} defines no {name}.")
    return found
