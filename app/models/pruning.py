"""Pruning: remove what has expired, and sessions that ended without being removed."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from mongoengine import Document
from pymongo.collection import Collection

from app.clock import now
from app.models.connection import database_query
from app.models.indexes import DOCUMENTS
from app.models.live_sessions import find_live_session_ids
from app.models.long_operations import BATCH, in_batches, long_timeout
from app.models.queries import find_all
from app.models.session import Session, remove_sessions
from app.models.user import User

EXPIRY = "expires_at"


def list_expiring_documents() -> list[type[Document]]:
    """The documents that expire: those with a TTL index on `expires_at`."""
    return [
        document
        for document in DOCUMENTS
        if any("expireAfterSeconds" in index for index in document._meta["index_specs"])
    ]


def remove_expired(document: type[Document], *, dry_run: bool = False) -> int:
    """Remove the expired documents of a collection and return how many; `dry_run` only counts."""
    collection, removed = document._get_collection(), 0
    if dry_run:
        return _count(collection, {EXPIRY: {"$lte": now()}})
    while ids := _ids(collection, {EXPIRY: {"$lte": now()}}, BATCH):
        removed += _remove(collection, ids)
    return removed


def remove_unlisted_sessions(*, dry_run: bool = False) -> int:
    """Remove the sessions that their accounts do not list: they have ended. `dry_run` only counts.

    A session is listed in the transaction that opens it, so one that is not listed has ended.
    """
    removed, unexpired = 0, {EXPIRY: {"$gt": now()}}
    for sessions in in_batches(Session._get_collection(), unexpired, {"user_id": True}):
        live = find_live_session_ids({session["user_id"] for session in sessions})
        ended = [one["_id"] for one in sessions if one["_id"] not in live.get(one["user_id"], ())]
        removed += len(ended) if dry_run else _removed(ended)
    return removed


def unlist_expired_sessions(*, dry_run: bool = False) -> int:
    """Remove the ids of expired sessions from the accounts that list them; return how many."""
    taken = 0
    for accounts in in_batches(User._get_collection(), {}, {"session_ids": True}):
        live = _unexpired([one for account in accounts for one in account.get("session_ids", [])])
        for account in accounts:
            expired = [one for one in account.get("session_ids", []) if one not in live]
            taken += len(expired)
            if expired and not dry_run:
                _unlist(account["_id"], expired)
    return taken


def _unexpired(session_ids: Sequence[ObjectId]) -> set[ObjectId]:
    where = {"_id": {"$in": list(session_ids)}, EXPIRY: {"$gt": now()}}
    return set(_ids(Session._get_collection(), where, len(session_ids) or 1))


@database_query
def _ids(collection: Collection, where: dict[str, Any], limit: int) -> list[ObjectId]:
    with long_timeout():
        return [one["_id"] for one in find_all(collection, where, {"_id": True}, limit=limit)]


@database_query
def _count(collection: Collection, where: dict[str, Any]) -> int:
    with long_timeout():
        return collection.count_documents(where)


@database_query
def _remove(collection: Collection, ids: Sequence[ObjectId]) -> int:
    """Remove those that are still expired: a session may have been used in the meantime."""
    where = {"_id": {"$in": list(ids)}, EXPIRY: {"$lte": now()}}
    with long_timeout():
        return collection.delete_many(where).deleted_count


def _removed(session_ids: Sequence[ObjectId]) -> int:
    with long_timeout():
        return remove_sessions(session_ids)


@database_query
def _unlist(user_id: ObjectId, session_ids: Sequence[ObjectId]) -> None:
    User._get_collection().update_one(
        {"_id": user_id}, {"$pull": {"session_ids": {"$in": list(session_ids)}}}
    )
