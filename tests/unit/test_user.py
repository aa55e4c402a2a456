"""The User document: each field exists, is required, unique and typed."""

from datetime import date, datetime

import pytest
from bson import ObjectId
from mongoengine import (
    BooleanField,
    DateField,
    DateTimeField,
    EmbeddedDocumentField,
    ListField,
    ObjectIdField,
    StringField,
    ValidationError,
)

from app.clock import now
from app.models.user import Address, User
from app.models.user_records import UserRecord
from app.profile_fields import PROFILE_FIELDS

# field: (type, required, unique)
FIELDS = {
    "id": (ObjectIdField, True, True),
    "email": (StringField, True, True),
    "email_verified": (BooleanField, True, False),
    "full_name": (StringField, True, False),
    "password_hash": (StringField, False, False),
    "credential_version": (ObjectIdField, False, False),
    "cpf_cnpj": (StringField, False, True),
    "date_of_birth": (DateField, False, False),
    "address": (EmbeddedDocumentField, False, False),
    "locale": (StringField, True, False),
    "active": (BooleanField, True, False),
    "roles": (ListField, True, False),
    "session_ids": (ListField, False, False),
    "links": (EmbeddedDocumentField, False, False),
    "created_at": (DateTimeField, True, False),
    "updated_at": (DateTimeField, True, False),
    "last_login_at": (DateTimeField, False, False),
    "name_key": (StringField, False, False),
    "search": (EmbeddedDocumentField, False, False),
}
ADDRESS_FIELDS = (
    "zip_code",
    "street",
    "number",
    "complement",
    "neighborhood",
    "city",
    "state",
    "country",
)


def user(**changes: object) -> User:
    return User(**{"email": "a@example.com", "full_name": "Ana", "password_hash": "x", **changes})


def test_has_these_fields_and_no_others() -> None:
    assert set(User._fields) == set(FIELDS) | set(PROFILE_FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_field_exists(name: str) -> None:
    assert name in User._fields


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_its_type(name: str) -> None:
    assert isinstance(User._fields[name], FIELDS[name][0])


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_required_or_not(name: str) -> None:
    assert User._fields[name].required is FIELDS[name][1]


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_unique_or_not(name: str) -> None:
    field = User._fields[name]
    assert (field.unique or field.primary_key) is FIELDS[name][2]


def test_cpf_cnpj_is_unique_only_when_present() -> None:
    assert User.cpf_cnpj.sparse is True


@pytest.mark.parametrize("name", ["email", "full_name"])
def test_a_required_field_may_not_be_missing(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        user(**{name: None}).validate()


@pytest.mark.parametrize(
    ("name", "longest"),
    [("email", 254), ("full_name", 120), ("password_hash", 200), ("cpf_cnpj", 14), ("locale", 11)],
)
def test_text_has_its_maximum_length(name: str, longest: int) -> None:
    user(**{name: "a" * longest}).validate()
    with pytest.raises(ValidationError, match="too long"):
        user(**{name: "a" * (longest + 1)}).validate()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("email", 7),
        ("full_name", {"$ne": None}),
        ("date_of_birth", "yesterday"),
        ("roles", ["ROOT"]),
        ("roles", []),
        ("session_ids", ["x"]),
        ("created_at", "yesterday"),
        ("address", "USER"),
    ],
)
def test_refuses_a_wrong_type(name: str, wrong: object) -> None:
    with pytest.raises((ValidationError, ValueError)):
        user(**{name: wrong}).validate()


def test_defaults() -> None:
    began = now()
    made = user()
    assert isinstance(made.id, ObjectId)
    assert made.email_verified is False
    assert made.locale == "pt-BR"
    assert made.active is True
    assert made.roles == ["USER"]
    assert made.session_ids == []
    assert began <= made.created_at <= now()
    assert began <= made.updated_at <= now()
    assert made.cpf_cnpj is made.date_of_birth is made.address is made.last_login_at is None
    assert user().id != made.id


@pytest.mark.parametrize("name", ADDRESS_FIELDS)
def test_address_field_exists_and_is_text(name: str) -> None:
    assert isinstance(Address._fields[name], StringField)
    assert Address._fields[name].required is (name == "country")


def test_address_has_no_other_fields_and_defaults_to_brazil() -> None:
    assert set(Address._fields) == set(ADDRESS_FIELDS)
    assert Address().country == "BRA"


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "address"])
def test_every_field_has_a_description(name: str) -> None:
    assert User._fields[name].help_text.endswith((".", "USA", "secs"))


def test_a_record_has_the_values_of_its_document() -> None:
    made = user(date_of_birth=date(1990, 2, 28), address=Address(city="Recife"))
    record = UserRecord.of(made)
    for name in ("id", "email", "full_name", "active", "locale", "created_at"):
        assert getattr(record, name) == getattr(made, name)
    assert record.date_of_birth == datetime(1990, 2, 28)
    assert record.address == {"city": "Recife", "country": "BRA"}
    assert record.roles == ["USER"]
    assert record.cpf_cnpj is None
    assert record.last_login_at is None
