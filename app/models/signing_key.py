"""Signing keys, numbered in the order in which they were made.

The number is unique: of several processes that add the next key at the same time, one succeeds.
"""

from datetime import datetime

from mongoengine import BinaryField, DateTimeField, Document, IntField, StringField
from mongoengine.errors import NotUniqueError

from app.clock import now
from app.config import TOKEN_ALGORITHMS
from app.models.connection import database_query
from app.models.queries import find_all
from app.models.record import Record

MOST_KEYS = 1000  # read at once: more than anybody rotates within the life of a refresh token


class SigningKey(Document):
    """One key. Written through this document, read as SigningKeyRecord."""

    id = StringField(primary_key=True, required=True, max_length=64, help_text="Its kid.")
    number = IntField(required=True, unique=True, min_value=0, help_text="Its place, from 0.")
    algorithm = StringField(required=True, choices=TOKEN_ALGORITHMS, help_text="What it signs by.")
    sealed = BinaryField(help_text="What signs, encrypted; none: SECRET_KEY itself.")
    created_at = DateTimeField(required=True, help_text="When it was made.")
    signs_from = DateTimeField(required=True, help_text="When it begins to sign.")
    expires_at = DateTimeField(help_text="When it is forgotten; none: it has no successor yet.")

    meta = {
        "collection": "signing_keys",
        "auto_create_index": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class SigningKeyRecord(Record):
    """A key as read."""

    id: str
    number: int
    algorithm: str
    sealed: bytes | None = None
    created_at: datetime
    signs_from: datetime
    expires_at: datetime | None = None


@database_query
def find_keys() -> list[SigningKeyRecord]:
    """The keys that have not expired, the newest first."""
    unexpired = {"expires_at": {"$not": {"$lte": now()}}}
    keys = SigningKey._get_collection()
    found = find_all(keys, unexpired, limit=MOST_KEYS, sort=[("number", -1)])
    return [SigningKeyRecord(stored) for stored in found]


@database_query
def add_key(key: SigningKey) -> bool:
    """Add a key at the place that its number says; False when that is taken."""
    try:
        key.save(force_insert=True)
    except NotUniqueError:
        return False
    return True


@database_query
def supersede_keys(before: int, *, expires_at: datetime) -> None:
    """Let the keys of numbers below `before` expire, unless an earlier successor said when."""
    older = {"number": {"$lt": before}, "expires_at": None}
    SigningKey._get_collection().update_many(older, {"$set": {"expires_at": expires_at}})


@database_query
def remove_keys(kids: list[str]) -> int:
    """Forget these keys now: how many there were."""
    return SigningKey._get_collection().delete_many({"_id": {"$in": kids}}).deleted_count
