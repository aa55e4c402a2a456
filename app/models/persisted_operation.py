"""Persisted operations: documents stored under their hash, for 30 days, up to a maximum."""

from datetime import timedelta

from mongoengine import DateTimeField, Document, StringField
from mongoengine.errors import NotUniqueError

from app.clock import now
from app.errors import AccountError
from app.models.connection import database_query

MOST_KEPT = 5000
KEPT_FOR = timedelta(days=30)  # since it was last read


class PersistedOperation(Document):
    """A GraphQL document that clients may ask for by its hash."""

    id = StringField(
        primary_key=True, required=True, max_length=64, help_text="SHA-256 of the text, in hex."
    )
    text = StringField(required=True, help_text="The document.")
    expires_at = DateTimeField(required=True, help_text="When it is forgotten.")

    meta = {
        "collection": "persisted_operations",
        "auto_create_index": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class StoredOperations:
    """The store of persisted operations that all servers share (schema/engine/persisted.py)."""

    def find(self, sha256: str) -> str | None:
        """Return the text kept under a hash, and keep it for another KEPT_FOR.

        Raises AccountError(DATABASE_UNAVAILABLE).
        """
        return _find(sha256)

    def keep(self, sha256: str, text: str) -> bool:
        """Keep a text under its hash. Return False when the database is not available."""
        try:
            _keep(sha256, text)
        except AccountError:
            return False
        return True


@database_query
def _find(sha256: str) -> str | None:
    extended = {"$set": {"expires_at": now() + KEPT_FOR}}
    collection = PersistedOperation._get_collection()
    found = collection.find_one_and_update({"_id": sha256}, extended, {"text": True})
    return found and found["text"]


@database_query
def _keep(sha256: str, text: str) -> None:
    """Keep a text. When MOST_KEPT are kept, the one that expires first is deleted."""
    collection = PersistedOperation._get_collection()
    if collection.estimated_document_count() >= MOST_KEPT:
        collection.find_one_and_delete({}, {"_id": True}, sort=[("expires_at", 1)])
    try:
        PersistedOperation(id=sha256, text=text, expires_at=now() + KEPT_FOR).save(
            force_insert=True
        )
    except NotUniqueError:
        return  # another worker kept the same text first
