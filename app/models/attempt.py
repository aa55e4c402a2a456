"""Failed attempts, counted under keyed hashes that do not reveal an account or an address.

The failures of a key are a sliding window: older ones are dropped. Once there are as many as the
limit, each further failure blocks the key, longer each time, and all failures count until a whole
window has passed after the last block without another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from mongoengine import DateTimeField, DictField, Document, ListField, StringField
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from app.models.connection import database_query
from app.models.queries import find_all

WAITS = (30, 60, 120, 240, 480, 900)  # seconds, after the failure that reaches the limit and on
MOST_RACES = 10  # for the first attempt under a key; each has a winner, so few lose twice
DUPLICATE_KEY = 11000


class Attempts(Document):
    """The failures of one key."""

    id = StringField(primary_key=True, required=True, help_text="The key: a keyed hash, in hex.")
    failures = ListField(DictField(), help_text="`at`, and `by`, the id of the attempt; in order.")
    free_at = DateTimeField(null=True, help_text="When the next guess may be made; none: now.")
    expires_at = DateTimeField(required=True, help_text="When it is forgotten.")

    meta = {
        "collection": "attempts",
        "auto_create_index": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


@dataclass(frozen=True)
class Quota:
    """How many failures a key may have within a window before it is blocked."""

    key: str
    limit: int
    window: timedelta


@database_query
def blocked_until(quotas: Sequence[Quota], at: datetime) -> datetime | None:
    """Return when the last of the blocked keys is free again; None if no key is blocked."""
    if not quotas:
        return None
    keys = [quota.key for quota in quotas]
    blocked = {"_id": {"$in": keys}, "free_at": {"$gt": at}}
    found = find_all(Attempts._get_collection(), blocked, {"free_at": True}, limit=len(keys))
    return max((one["free_at"] for one in found), default=None)


@database_query
def count_attempt(quotas: Sequence[Quota], attempt_id: ObjectId, at: datetime) -> datetime | None:
    """Count an attempt under every key and return None. If a key is blocked, count it under none
    and return when that key is free again.

    One command unless it is refused. Each update decides by itself, however many run at once.
    """
    counted = 0
    for _ in range(MOST_RACES):
        counted += _count(quotas[counted:], attempt_id, at)
        if counted == len(quotas):
            return None
        if free_at := blocked_until(quotas[counted:], at):
            settle_attempt(attempt_id, at, given_back=quotas[:counted])
            return free_at
    settle_attempt(attempt_id, at, given_back=quotas[:counted])
    return at + timedelta(seconds=1)


@database_query
def settle_attempt(
    attempt_id: ObjectId,
    at: datetime,
    *,
    forgotten: Sequence[Quota] = (),
    given_back: Sequence[Quota] = (),
) -> None:
    """Drop all failures of the keys `forgotten`, and this attempt of those in `given_back`."""
    nothing: dict[str, Any] = {"$set": {"failures": [], "free_at": None, "expires_at": at}}
    others = {"$ne": ["$$one.by", attempt_id]}
    updates = [UpdateOne({"_id": quota.key}, nothing) for quota in forgotten]
    updates += [
        UpdateOne(
            {"_id": quota.key}, _set_failures(_filter_failures("$failures", others), quota, at)
        )
        for quota in given_back
    ]
    if updates:
        Attempts._get_collection().bulk_write(updates)


def _count(quotas: Sequence[Quota], attempt_id: ObjectId, at: datetime) -> int:
    """Return under how many keys it was counted: up to the first that is blocked, or that another
    attempt inserts at the same time.

    A blocked key does not match, and the upsert then fails because the key exists.
    """
    new = {"at": at, "by": attempt_id}
    updates = [
        UpdateOne(
            {"_id": quota.key, "free_at": {"$not": {"$gt": at}}},
            _set_failures(_keep_counting_failures(quota, at, new), quota, at),
            upsert=True,
        )
        for quota in quotas
    ]
    try:
        Attempts._get_collection().bulk_write(updates)
    except BulkWriteError as error:
        (refused,) = error.details["writeErrors"] or [{"code": None}]
        if refused["code"] != DUPLICATE_KEY:
            raise
        return refused["index"]
    return len(updates)


def _keep_counting_failures(quota: Quota, at: datetime, new: dict[str, Any]) -> dict[str, Any]:
    """Build the list of failures that still count, and the new one, cut to what matters."""
    known = {"$ifNull": ["$failures", []]}
    recent = _filter_failures(known, {"$gt": ["$$one.at", at - quota.window]})
    locked = {"$gte": [{"$size": known}, quota.limit]}
    unexpired = {"$cond": [{"$gt": ["$expires_at", at]}, known, []]}
    still = {"$cond": [locked, unexpired, recent]}
    return {"$slice": [{"$concatArrays": [still, [new]]}, 1 - quota.limit - len(WAITS)]}


def _set_failures(failures: dict[str, Any], quota: Quota, at: datetime) -> list[dict[str, Any]]:
    """Build the update pipeline that stores `failures` and the times that follow from them."""
    milliseconds = [seconds * 1000 for seconds in WAITS]
    count = {"$size": "$failures"}
    step = {"$min": [{"$subtract": [count, quota.limit]}, len(WAITS) - 1]}
    last = {"$max": {"$map": {"input": "$failures", "as": "one", "in": "$$one.at"}}}
    free_at = {"$add": [last, {"$arrayElemAt": [milliseconds, step]}]}
    window = quota.window // timedelta(milliseconds=1)
    return [
        {"$set": {"failures": failures}},
        {"$set": {"free_at": {"$cond": [{"$gte": [count, quota.limit]}, free_at, None]}}},
        {"$set": {"expires_at": {"$add": [{"$ifNull": ["$free_at", at]}, window]}}},
    ]


def _filter_failures(failures: Any, condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": failures, "as": "one", "cond": condition}}
