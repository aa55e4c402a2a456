"""The session: one login on one device, its document and its atomic questions.

Whether a session is live is told by its account alone (``User.session_ids``); what stands here
is the device and which refresh token is the current one.
"""

from datetime import datetime

from bson import ObjectId
from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    ObjectIdField,
    StringField,
)

from app.clock import now
from app.models.connection import asks_database
from app.models.reading import find_one
from app.models.record import Record

REMEMBERED_ROTATIONS = 10
USER_AGENT_LENGTH = 512


class Rotation(EmbeddedDocument):
    """One exchange of a refresh token for its successor."""

    used = StringField(required=True, help_text="jti of the token that was presented.")
    successor = StringField(required=True, help_text="jti of the token it was exchanged for.")
    at = DateTimeField(required=True, help_text="When: the successor's issue time.")


class Session(Document):
    """One login on one device. Written through this document, read as SessionRecord."""

    id = ObjectIdField(
        primary_key=True, required=True, default=ObjectId, help_text="Identifies the session."
    )
    user_id = ObjectIdField(required=True, help_text="The account that signed in.")
    refresh_id = StringField(
        required=True, max_length=36, help_text="jti of the refresh token that is current."
    )
    rotations = EmbeddedDocumentListField(
        Rotation,
        max_length=REMEMBERED_ROTATIONS,
        help_text="The last exchanges, for retries and reuse.",
    )
    user_agent = StringField(
        max_length=USER_AGENT_LENGTH, help_text="What the device says of itself."
    )
    ip_address = StringField(max_length=45, help_text="Where the login came from.")
    created_at = DateTimeField(required=True, default=now, help_text="When it was opened.")
    last_used_at = DateTimeField(required=True, default=now, help_text="When it last refreshed.")
    expires_at = DateTimeField(required=True, help_text="When its refresh token expires.")

    meta = {
        "collection": "sessions",
        "auto_create_index": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }

    @asks_database
    def add(self) -> None:
        """Insert the new session; it is live once its account lists it."""
        self.save(force_insert=True)


class SessionRecord(Record):
    """A session as read."""

    id: ObjectId
    user_id: ObjectId
    refresh_id: str
    rotations: list[dict] = ()
    user_agent: str | None = None
    ip_address: str | None = None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@asks_database
def find_session(session_id: ObjectId) -> SessionRecord | None:
    """One session by its id."""
    return SessionRecord.found(find_one(Session._get_collection(), {"_id": session_id}))


@asks_database
def rotate(
    session_id: ObjectId, *, used: str, successor: str, at: datetime, expires_at: datetime
) -> bool:
    """Exchange the current refresh token for its successor, by one compare-and-swap.

    False when `used` is not the current one: it was exchanged before, or the session is gone.
    """
    exchange = {"used": used, "successor": successor, "at": at}
    update = {
        "$set": {"refresh_id": successor, "last_used_at": at, "expires_at": expires_at},
        "$push": {"rotations": {"$each": [exchange], "$slice": -REMEMBERED_ROTATIONS}},
    }
    current = {"_id": session_id, "refresh_id": used}
    return Session._get_collection().update_one(current, update).modified_count == 1


@asks_database
def remove_session(session_id: ObjectId) -> None:
    """Forget an ended session."""
    Session._get_collection().delete_one({"_id": session_id})
