"""The Session document: its fields, their types and defaults, and its indexes."""

import pytest
from bson import ObjectId
from flask import Flask
from mongoengine import DateTimeField, EmbeddedDocumentListField, ObjectIdField, StringField
from mongoengine.errors import ValidationError

from app.clock import now
from app.models.session import Rotation, Session

FIELDS = {
    "id": (ObjectIdField, True),
    "user_id": (ObjectIdField, True),
    "refresh_id": (StringField, True),
    "rotations": (EmbeddedDocumentListField, False),
    "user_agent": (StringField, False),
    "ip_address": (StringField, False),
    "created_at": (DateTimeField, True),
    "last_used_at": (DateTimeField, True),
    "expires_at": (DateTimeField, True),
}


def session(**changes: object) -> Session:
    return Session(**{"user_id": ObjectId(), "refresh_id": "r", "expires_at": now(), **changes})


def test_has_these_fields_and_no_others() -> None:
    assert set(Session._fields) == set(FIELDS)
    assert set(Rotation._fields) == {"used", "successor", "at"}


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_its_type_and_is_required_or_not(name: str) -> None:
    assert isinstance(Session._fields[name], FIELDS[name][0])
    assert Session._fields[name].required is FIELDS[name][1]
    assert Session._fields[name].help_text


@pytest.mark.parametrize("name", ["user_id", "refresh_id", "expires_at"])
def test_a_required_field_may_not_be_missing(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        session(**{name: None}).validate()


@pytest.mark.parametrize(
    ("name", "longest"), [("refresh_id", 36), ("user_agent", 512), ("ip_address", 45)]
)
def test_text_has_its_maximum_length(name: str, longest: int) -> None:
    session(**{name: "a" * longest}).validate()
    with pytest.raises(ValidationError, match="too long"):
        session(**{name: "a" * (longest + 1)}).validate()


def test_defaults() -> None:
    began = now()
    made = session()
    assert began <= made.created_at <= now()
    assert began <= made.last_used_at <= now()
    assert made.rotations == []
    assert made.user_agent is made.ip_address is None


def test_the_database_removes_it_when_it_expires(app: Flask) -> None:
    index = Session._get_collection().index_information()["expires_at_1"]
    assert index["expireAfterSeconds"] == 0


def test_an_accounts_sessions_are_found_by_index(app: Flask) -> None:
    assert Session._get_collection().index_information()["user_id_1"]["key"] == [("user_id", 1)]
