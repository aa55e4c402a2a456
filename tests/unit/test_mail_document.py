"""The OutgoingMail document: each field exists, is required or not, and has its type."""

import pytest
from bson import ObjectId
from mongoengine import (
    DateTimeField,
    DictField,
    IntField,
    ObjectIdField,
    StringField,
    ValidationError,
)

from app.clock import now
from app.locales import MAX_TAG_LENGTH
from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord

# field: (type, required)
FIELDS = {
    "id": (ObjectIdField, True),
    "kind": (StringField, True),
    "to": (StringField, True),
    "user_id": (ObjectIdField, False),
    "locale": (StringField, False),
    "details": (DictField, False),
    "created_at": (DateTimeField, True),
    "due_at": (DateTimeField, True),
    "attempts": (IntField, True),
    "first_tried_at": (DateTimeField, False),
    "lease": (ObjectIdField, False),
    "gave_up_at": (DateTimeField, False),
    "expires_at": (DateTimeField, False),
}


def mail(**changes: object) -> OutgoingMail:
    given = {"kind": "ACCOUNT_EXISTS", "to": "ana@example.com"}
    return OutgoingMail(**{**given, "created_at": now(), "due_at": now(), **changes})


def test_has_these_fields_and_no_others() -> None:
    assert set(OutgoingMail._fields) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_its_type(name: str) -> None:
    assert isinstance(OutgoingMail._fields[name], FIELDS[name][0])


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_required_or_not(name: str) -> None:
    assert OutgoingMail._fields[name].required is FIELDS[name][1]


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_a_description(name: str) -> None:
    assert OutgoingMail._fields[name].help_text


@pytest.mark.parametrize("name", ["kind", "to", "created_at", "due_at"])
def test_a_required_field_may_not_be_missing(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        mail(**{name: None}).validate()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("kind", "ADVERTISEMENT"),
        ("to", 7),
        ("to", "a" * 255),
        ("user_id", "ana"),
        ("locale", "a" * (MAX_TAG_LENGTH + 1)),
        ("details", {"at": now()}),
        ("details", "x"),
        ("created_at", "yesterday"),
    ],
)
def test_refuses_a_wrong_type(name: str, wrong: object) -> None:
    with pytest.raises((ValidationError, ValueError)):
        mail(**{name: wrong}).validate()


def test_a_new_mail_waits_without_attempts() -> None:
    record = OutgoingMailRecord(mail(details={"ip_address": "::1"}).to_mongo().to_dict())
    assert isinstance(record.id, ObjectId)
    assert (record.kind, record.to) == ("ACCOUNT_EXISTS", "ana@example.com")
    assert record.details == {"ip_address": "::1"}
    assert record.attempts == 0
    assert record.first_tried_at is None
    assert record.lease is record.gave_up_at is record.expires_at is record.user_id is None


def test_expires_only_after_it_was_given_up() -> None:
    indexes = OutgoingMail._meta["index_specs"]
    forgotten = [index for index in indexes if "expireAfterSeconds" in index]
    assert [index["fields"] for index in forgotten] == [[("expires_at", 1)]]
    assert forgotten[0]["expireAfterSeconds"] == 0
