"""The table of profile fields.

The User document, the GraphQL type and inputs, the forms, import and export derive from it when
they are imported.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from marshmallow import fields
from mongoengine import DateField, EmbeddedDocumentField, StringField
from mongoengine.base import BaseField

from app.locales import DEFAULT_LOCALE, MAX_TAG_LENGTH, list_languages
from app.permissions import AnyPermission, Permission
from app.validation.brazil import CpfCnpj
from app.validation.personal import Country, DateOfBirth, LocaleField
from app.validation.text import REASONS, Name, Text

SNAKE_CASE = re.compile("[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*")
NAME_LENGTH = 120  # characters


@dataclass(frozen=True, kw_only=True)
class PersonalField:
    """One value that is known of a person.

    name: in snake_case; its GraphQL name is the same in camelCase.
    description: what it is. input_description: what is accepted, where that says more. In both
    `{languages}` is replaced by all languages, which an extension may add to.
    document_field: makes the MongoEngine field; called with keyword arguments, see below.
    input_field: makes the marshmallow field that checks and normalises an input; likewise.
    required: it has a value always, and cannot be cleared.
    """

    name: str
    description: str
    input_description: str = ""
    document_field: Callable[..., BaseField] = StringField
    input_field: Callable[..., fields.Field] = Text
    required: bool = False

    def __post_init__(self) -> None:
        if not SNAKE_CASE.fullmatch(self.name):
            raise ValueError(f"not a name in snake_case: {self.name}")

    def make_document_field(self, **metadata: object) -> BaseField:
        """Return a new MongoEngine field: exported to its owner, and published in GraphQL.

        metadata: see app/models/export_policy.py.
        """
        return self.document_field(
            required=self.required,
            help_text=_fill(self.description),
            exported=True,
            published=True,
            **metadata,
        )

    def describe_input(self, note: str = "") -> str:
        """Return the description of the input. note: a sentence to add."""
        return _fill(f"{self.input_description or self.description} {note}".strip())

    def make_input_field(self, *, required: bool) -> fields.Field:
        """Return a new marshmallow field; null is accepted unless it is required."""
        missing = {key: REASONS[key] for key in ("required", "null")}
        return self.input_field(required=required, allow_none=not required, error_messages=missing)


@dataclass(frozen=True, kw_only=True)
class ProfileField(PersonalField):
    """A field of the profile: what a person may change with `updateProfile`.

    read: the permission to read it of others; its owner always may.
    registration: whether `register` accepts it; it requires it if `is_required_at_first`.
    registration_note: what its description says there beyond the input description.
    in_account_files: whether `flask accounts export` writes it and `import` reads it. It has to be
    JSON as it is stored, or a day.
    parts: of an embedded document.
    """

    read: AnyPermission = Permission.USERS_READ_SENSITIVE
    registration: bool = True
    registration_note: str = ""
    in_account_files: bool = True
    parts: Mapping[str, PersonalField] = field(default_factory=dict)

    def make_document_field(self, **metadata: object) -> BaseField:
        """As of any personal field."""
        return super().make_document_field(in_account_files=self.in_account_files, **metadata)

    @property
    def is_required_at_first(self) -> bool:
        """Whether a new account has to be given a value: it is required and has no default."""
        return self.required and self.make_document_field().default is None

    @property
    def is_day(self) -> bool:
        """Whether it is a date without a time: stored as its midnight in UTC."""
        return isinstance(self.make_document_field(), DateField)


def _fill(text: str) -> str:
    return text.replace("{languages}", list_languages())


_Field = TypeVar("_Field", bound=PersonalField)


def _by_name(*entries: _Field) -> dict[str, _Field]:
    return {entry.name: entry for entry in entries}


def _part(name: str, maximum: int, description: str, input_description: str = "") -> PersonalField:
    """Return a part of the address that is plain text.

    maximum: characters. The default input description says what it is and the maximum.
    """
    noun = description.rstrip(".").partition(";")[0]
    return PersonalField(
        name=name,
        description=description,
        input_description=input_description or f"{noun}, at most {maximum} characters.",
        document_field=partial(StringField, max_length=maximum),
        input_field=partial(Text, maximum=maximum),
    )


ADDRESS_PARTS = _by_name(
    _part(
        "zip_code",
        20,
        "Postcode; in Brazil the CEP, digits only.",
        "Postcode. In Brazil a CEP of eight digits; a mask is removed.",
    ),
    _part("street", 200, "Street, avenue or square."),
    _part("number", 20, "House number; text, since some have letters."),
    _part("complement", 100, "Flat, block, floor."),
    _part("neighborhood", 100, "Neighbourhood; in Brazil the bairro."),
    _part("city", 100, "City or town."),
    _part(
        "state",
        100,
        "State or province; in Brazil its two letters.",
        "State or province. In Brazil its two letters, as SP.",
    ),
    PersonalField(
        name="country",
        description="Country by ISO 3166-1 alpha-3: BRA, PRT, USA.",
        input_description="ISO 3166-1 alpha-3 code; BRA for a new address.",
        document_field=partial(StringField, default="BRA", min_length=3, max_length=3),
        input_field=Country,
        required=True,
    ),
)

PROFILE_FIELDS = _by_name(
    ProfileField(
        name="full_name",
        description="The name, as the person writes it.",
        input_description=f"The name, at most {NAME_LENGTH} characters.",
        document_field=partial(StringField, max_length=NAME_LENGTH),
        input_field=partial(Name, maximum=NAME_LENGTH),
        required=True,
        read=Permission.USERS_READ,
    ),
    ProfileField(
        name="cpf_cnpj",
        description="CPF or CNPJ, digits and letters only, no mask. Unique when present.",
        input_description="CPF or CNPJ, the alphanumeric CNPJ included; a mask is removed.",
        document_field=partial(StringField, unique=True, sparse=True, min_length=11, max_length=14),
        input_field=CpfCnpj,
    ),
    ProfileField(
        name="date_of_birth",
        description="Date of birth, YYYY-MM-DD.",
        input_description="YYYY-MM-DD, from 1900 to today.",
        document_field=DateField,
        input_field=DateOfBirth,
    ),
    ProfileField(
        name="address",
        description="Where a person lives.",
        input_description="Parts of the address; null clears all of it.",
        document_field=partial(EmbeddedDocumentField, "Address"),
        registration=False,
        parts=ADDRESS_PARTS,
    ),
    ProfileField(
        name="locale",
        description="The language of messages and mail: {languages}.",
        document_field=partial(StringField, default=DEFAULT_LOCALE, max_length=MAX_TAG_LENGTH),
        input_field=LocaleField,
        required=True,
        registration_note="Default: that of the request.",
        read=Permission.USERS_READ,
    ),
)


def make_document_mixin(name: str, fields_of_it: Iterable[PersonalField]) -> Any:
    """Return a class with a new MongoEngine field for each of these: a base of a document."""
    return type(name, (), {entry.name: entry.make_document_field() for entry in fields_of_it})


def documents_are_built() -> bool:
    """Whether the documents have been imported: entries that are added now come too late."""
    return "app.models.user" in sys.modules


def add_profile_fields(*added: ProfileField) -> None:
    """Add fields to the table: to be called before the documents are imported.

    Raises ValueError for a name that another profile field has, for a required field, because
    existing accounts have no value, and for one with parts; RuntimeError when called too late.
    """
    if documents_are_built():
        raise RuntimeError("profile fields have to be added before the documents are imported")
    for entry in added:
        if entry.name in PROFILE_FIELDS:
            raise ValueError(f"there is a profile field of this name: {entry.name}")
        if entry.required or entry.parts:
            raise ValueError(f"an added profile field is optional and has no parts: {entry.name}")
        PROFILE_FIELDS[entry.name] = entry


def refuse_taken_names(taken: Iterable[str], by: str) -> None:
    """Raise ValueError if a profile field has one of these names. by: what has them already."""
    if names := PROFILE_FIELDS.keys() & set(taken):
        raise ValueError(f"{by} already has the names of profile fields: {', '.join(names)}")
