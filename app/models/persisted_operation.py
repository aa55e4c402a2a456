"""Persisted operations: documents kept under their hash, for a while, up to a number."""

from datetime import datetime

from mongoengine import DateTimeField, Document, StringField
from mongoengine.errors import NotUniqueError

from app.models.connection import database_query


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


@database_query
def find_operation(sha256: str, *, expires_at: datetime) -> str | None:
    """The text kept under a hash, and from now on until `expires_at`: it is in use."""
    extended = {"$set": {"expires_at": expires_at}}
    kept = PersistedOperation._get_collection()
    found = kept.find_one_and_update({"_id": sha256}, extended, {"text": True})
    return found and found["text"]


@database_query
def keep_operation(sha256: str, text: str, *, expires_at: datetime, most: int) -> None:
    """Keep a text, in the place of the one that expires first when there are `most`."""
    kept = PersistedOperation._get_collection()
    if kept.estimated_document_count() >= most:
        kept.find_one_and_delete({}, {"_id": True}, sort=[("expires_at", 1)])
    try:
        PersistedOperation(id=sha256, text=text, expires_at=expires_at).save(force_insert=True)
    except NotUniqueError:
        return  # another worker was first: the same text
