"""What is told of each document to the person it speaks of, and what is withheld from them too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import (
    DateField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    ListField,
)

from app.models.outgoing_mail import OutgoingMail
from app.models.security_event import SecurityEvent
from app.models.session import Rotation, Session
from app.models.user import Address, Link, Links, Search, User

# Every field of every document that speaks of a person stands in one of these two: a new one is
# told of, or kept back, on purpose.
TOLD: dict[type, tuple[str, ...]] = {
    User: (
        *("id", "email", "email_verified", "full_name", "cpf_cnpj", "date_of_birth", "address"),
        *("locale", "active", "roles", "links", "created_at", "updated_at", "last_login_at"),
    ),
    Address: (
        *("zip_code", "street", "number", "complement", "neighborhood", "city", "state"),
        "country",
    ),
    Search: (),
    Links: ("verify_email", "reset_password", "change_email"),
    Link: ("asked_at", "spent", "email"),
    Session: (
        *("id", "user_id", "user_agent", "ip_address", "created_at", "last_used_at"),
        *("expires_at", "rotations"),
    ),
    Rotation: ("at",),
    SecurityEvent: ("id", "user_id", "type", "at", "ip_address", "user_agent", "expires_at"),
    OutgoingMail: (
        *("kind", "to", "user_id", "locale", "details", "created_at", "due_at", "attempts"),
        *("first_tried_at", "gave_up_at", "expires_at"),
    ),
}
WITHHELD: dict[type, tuple[str, ...]] = {
    # each session says itself whether it is live; found by: the address and the name again
    User: ("password_hash", "credential_version", "session_ids", "name_key", "search"),
    Search: ("keys", "words"),
    Link: ("id",),
    Session: ("refresh_id",),
    Rotation: ("used", "successor"),
    OutgoingMail: ("id", "lease"),  # the mail's id is its link's
}
TOLD_DETAILS = ("ip_address", "user_agent", "new_email")  # of a mail; another may be a link's id


def told(document: type[Document | EmbeddedDocument], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document as JSON tells of it: names in camelCase, null for what is not stored,
    ids as text, moments and days by ISO 8601; without what is withheld."""
    fields = document._fields
    return {
        _camel(name): _told_value(fields[name], stored.get(fields[name].db_field))
        for name in TOLD[document]
    }


def _told_value(field: Any, value: Any) -> Any:
    if isinstance(value, list) and isinstance(field, ListField):
        return [_told_value(field.field, item) for item in value]
    if isinstance(value, dict):
        if isinstance(field, EmbeddedDocumentField):
            return told(field.document_type, value)
        return {_camel(name): value[name] for name in TOLD_DETAILS if name in value}
    if isinstance(value, datetime):
        return (value.date() if isinstance(field, DateField) else value).isoformat()
    return str(value) if isinstance(value, ObjectId) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))
