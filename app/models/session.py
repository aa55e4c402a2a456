"""The session: one login on one device, its document and its atomic updates.

The account alone decides whether a session is live: see app/models/live_sessions.py. What is kept
here is the device, and which refresh token is the current one.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    ObjectIdField,
    StringField,
)
from pymongo.errors import PyMongoError

from app.clock import now
from app.models.connection import database_query
from app.models.queries import Stored, find_all, find_one
from app.models.record import Record
from app.models.transaction import current_session

log = logging.getLogger(__name__)
REMEMBERED_ROTATIONS = 10
USER_AGENT_LENGTH = 512


class Rotation(EmbeddedDocument):
    """One exchange of a refresh token for its successor."""

    used = StringField(
        required=True, exported=False, help_text="jti of the token that was presented."
    )
    successor = StringField(
        required=True, exported=False, help_text="jti of the token it was exchanged for."
    )
    at = DateTimeField(required=True, exported=True, help_text="When: the successor's issue time.")


class Session(Document):
    """One login on one device. Written through this document, read as SessionRecord."""

    id = ObjectIdField(
        primary_key=True,
        required=True,
        default=ObjectId,
        exported=True,
        help_text="The id of the session.",
    )
    user_id = ObjectIdField(required=True, exported=True, help_text="The account that signed in.")
    refresh_id = StringField(
        required=True,
        max_length=36,
        exported=False,
        help_text="jti of the refresh token that is current.",
    )
    rotations = EmbeddedDocumentListField(
        Rotation,
        max_length=REMEMBERED_ROTATIONS,
        exported=True,
        help_text="The last exchanges, for retries and reuse.",
    )
    user_agent = StringField(
        max_length=USER_AGENT_LENGTH, exported=True, help_text="What the device says of itself."
    )
    ip_address = StringField(
        max_length=45, exported=True, published=True, help_text="The IP address that signed in."
    )
    created_at = DateTimeField(
        required=True,
        default=now,
        exported=True,
        published=True,
        help_text="When the session was opened.",
    )
    last_used_at = DateTimeField(
        required=True,
        default=now,
        exported=True,
        published=True,
        help_text="When the session was last used, to the minute.",
    )
    expires_at = DateTimeField(
        required=True,
        exported=True,
        published=True,
        help_text="When the session ends unless it is refreshed before.",
    )

    meta = {
        "collection": "sessions",
        "auto_create_index": False,
        "indexes": ["user_id", {"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }

    @database_query
    def add(self) -> None:
        """Insert the new session; it is live once its account lists it."""
        self.validate()
        self._get_collection().insert_one(self.to_mongo(), session=current_session())


class SessionRecord(Record):
    """A session as read."""

    id: ObjectId
    user_id: ObjectId
    refresh_id: str
    rotations: Sequence[dict[str, Any]] = ()
    user_agent: str | None = None
    ip_address: str | None = None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@database_query
def find_session(session_id: ObjectId) -> SessionRecord | None:
    """Read one session by its id."""
    return SessionRecord.from_stored(find_one(Session._get_collection(), {"_id": session_id}))


@database_query
def rotate_refresh_token(
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
    sessions, transaction = Session._get_collection(), current_session()
    return sessions.update_one(current, update, session=transaction).modified_count == 1


@database_query
def hold_session(session_id: ObjectId, at: datetime) -> bool:
    """Write that the caller's session is used, as part of a transaction. False when it has ended.

    Whatever ends the session writes the same document: so of two such transactions at the same
    time one is repeated, and sees what the other did.
    """
    used = {"$set": {"last_used_at": at}}
    sessions, transaction = Session._get_collection(), current_session()
    return sessions.update_one({"_id": session_id}, used, session=transaction).matched_count == 1


@database_query
def find_live_sessions(session_ids: Collection[ObjectId]) -> list[Stored]:
    """Read those of these sessions that have not expired, without what refreshes them."""
    unexpired = {"_id": {"$in": list(session_ids)}, "expires_at": {"$gt": now()}}
    secrets = {"refresh_id": False, "rotations": False}
    sessions = Session._get_collection()
    return find_all(sessions, unexpired, secrets, limit=len(session_ids)) if session_ids else []


def write_last_use(session_id: ObjectId, at: datetime, *, unless_since: datetime) -> None:
    """Write that a session was used, unless a use later than `unless_since` is written already.

    A caller did not ask for this write: its failure is logged and raises nothing.
    """
    stale = {"_id": session_id, "last_used_at": {"$lte": unless_since}}
    try:
        Session._get_collection().update_one(stale, {"$set": {"last_used_at": at}})
    except PyMongoError as error:
        log.warning("the use of a session could not be written: %s", error)


@database_query
def remove_sessions(session_ids: Collection[ObjectId]) -> int:
    """Delete ended sessions. Return how many there were: those that expired are gone already."""
    ended, transaction = {"_id": {"$in": list(session_ids)}}, current_session()
    return Session._get_collection().delete_many(ended, session=transaction).deleted_count


def remove_session(session_id: ObjectId) -> None:
    """Delete an ended session."""
    remove_sessions([session_id])


@database_query
def renew_session(session_id: ObjectId, successor: str, at: datetime, expires_at: datetime) -> None:
    """Give a session another refresh token (its jti), and forget the earlier ones."""
    update = {
        "$set": {"refresh_id": successor, "last_used_at": at, "expires_at": expires_at},
        "$unset": {"rotations": ""},
    }
    sessions, transaction = Session._get_collection(), current_session()
    sessions.update_one({"_id": session_id}, update, session=transaction)


@database_query
def remove_sessions_of(user_id: ObjectId, *, but: ObjectId | None = None) -> None:
    """Delete an account's sessions, those too that it never listed; all `but` one, if given."""
    all_of_them = {"user_id": user_id, **({"_id": {"$ne": but}} if but else {})}
    Session._get_collection().delete_many(all_of_them, session=current_session())
