"""Security events: what happened to an account; the document and its queries."""

from datetime import datetime
from enum import Enum

from bson import ObjectId
from mongoengine import DateTimeField, Document, EnumField, ObjectIdField, StringField

from app.models.connection import database_query
from app.models.keyset import Page, Slice, read_page
from app.models.queries import Stored, find_all
from app.models.record import Record
from app.models.session import USER_AGENT_LENGTH
from app.models.transaction import current_session


class SecurityEventType(Enum):
    """The kinds of security events."""

    REGISTERED = "REGISTERED"
    LOGGED_IN = "LOGGED_IN"
    LOGIN_REFUSED = "LOGIN_REFUSED"
    LOGGED_OUT = "LOGGED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105  the name of an event
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105
    PROFILE_UPDATED = "PROFILE_UPDATED"
    DATA_EXPORTED = "DATA_EXPORTED"
    DEACTIVATED = "DEACTIVATED"
    ACTIVATED = "ACTIVATED"
    ROLES_CHANGED = "ROLES_CHANGED"


class SecurityEvent(Document):
    """Something that happened to an account. Only app/security/audit.py writes it."""

    id = ObjectIdField(
        primary_key=True,
        required=True,
        default=ObjectId,
        exported=True,
        help_text="The id of the event.",
    )
    user_id = ObjectIdField(
        exported=True, help_text="The account; none once the account has been deleted."
    )
    type = EnumField(SecurityEventType, required=True, exported=True, help_text="What happened.")
    at = DateTimeField(required=True, exported=True, published=True, help_text="When it happened.")
    ip_address = StringField(
        max_length=45, exported=True, published=True, help_text="The IP address of the request."
    )
    user_agent = StringField(
        max_length=USER_AGENT_LENGTH, exported=True, help_text="What the device says of itself."
    )
    expires_at = DateTimeField(required=True, exported=True, help_text="When it is forgotten.")

    meta = {
        "collection": "security_events",
        "auto_create_index": False,
        "indexes": [
            ("user_id", "at", "id"),  # an account's events, newest first
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class SecurityEventRecord(Record):
    """A security event as read."""

    id: ObjectId
    user_id: ObjectId | None = None
    type: str
    at: datetime
    ip_address: str | None = None
    user_agent: str | None = None
    expires_at: datetime


@database_query
def add_event(event: SecurityEvent) -> None:
    """Store an event, in the transaction of this thread if there is one."""
    SecurityEvent._get_collection().insert_one(event.to_mongo(), session=current_session())


@database_query
def read_newest_events(user_id: ObjectId, asked: Slice) -> Page[Stored]:
    """A page of the events of an account, the newest first."""
    events = SecurityEvent._get_collection()
    return read_page(events, None, where={"user_id": user_id}, key="at", asked=asked)


@database_query
def find_events(user_id: ObjectId, most: int) -> list[Stored]:
    """The newest `most` events of an account, as stored."""
    newest_first = [("at", -1), ("_id", -1)]
    events = SecurityEvent._get_collection()
    return find_all(events, {"user_id": user_id}, sort=newest_first, limit=most)


@database_query
def forget_identity(user_id: ObjectId) -> None:
    """Remove the account, the address and the user agent from the events of a deleted account."""
    identity = dict.fromkeys(("user_id", "ip_address", "user_agent"), "")
    SecurityEvent._get_collection().update_many(
        {"user_id": user_id}, {"$unset": identity}, session=current_session()
    )
