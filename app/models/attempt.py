"""Attempts: who has guessed lately, counted under keys that tell nothing of whose they are.

A key's failures are a sliding window: those older than it are forgotten. Once there are as many as
its limit, each makes the next guess wait, longer each time, and all are remembered until a whole
window after the last wait has passed quietly.
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
    """What is remembered of one key."""

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
    """How many failures a key may have within a window before it has to wait."""

    key: str
    limit: int
    window: timedelta


@database_query
def blocked_until(quotas: Sequence[Quota], at: datetime) -> datetime | None:
    """When all of the keys are free again; None when they are."""
    if not quotas:
        return None
    keys = [quota.key for quota in quotas]
    blocked = {"_id": {"$in": keys}, "free_at": {"$gt": at}}
    found = find_all(Attempts._get_collection(), blocked, {"free_at": True}, limit=len(keys))
    return max((one["free_at"] for one in found), default=None)


@database_query
def count_attempt(quotas: Sequence[Quota], attempt_id: ObjectId, at: datetime) -> datetime | None:
    """Count an attempt under every key: None; or under none, and when a blocked one is free again.

    One command unless it is refused. Decided within each update, however many ask at once.
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
    """Forget all failures of some keys, and under others this attempt alone; one command."""
    nothing: dict[str, Any] = {"$set": {"failures": [], "free_at": None, "expires_at": at}}
    others = {"$ne": ["$$one.by", attempt_id]}
    updates = [UpdateOne({"_id": quota.key}, nothing) for quota in forgotten]
    updates += [
        UpdateOne({"_id": quota.key}, _with_failures(_those("$failures", others), quota, at))
        for quota in given_back
    ]
    if updates:
        Attempts._get_collection().bulk_write(updates)


def _count(quotas: Sequence[Quota], attempt_id: ObjectId, at: datetime) -> int:
    """How many of the keys it was counted under: up to the first that is blocked, or raced for.

    A blocked key is not found, and inserting it then fails since it is there.
    """
    new = {"at": at, "by": attempt_id}
    updates = [
        UpdateOne(
            {"_id": quota.key, "free_at": {"$not": {"$gt": at}}},
            _with_failures(_remembered(quota, at, new), quota, at),
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


def _remembered(quota: Quota, at: datetime, new: dict[str, Any]) -> dict[str, Any]:
    """The failures that still count, and the new one; no more than make a difference."""
    known = {"$ifNull": ["$failures", []]}
    recent = _those(known, {"$gt": ["$$one.at", at - quota.window]})
    locked = {"$gte": [{"$size": known}, quota.limit]}
    unexpired = {"$cond": [{"$gt": ["$expires_at", at]}, known, []]}
    still = {"$cond": [locked, unexpired, recent]}
    return {"$slice": [{"$concatArrays": [still, [new]]}, 1 - quota.limit - len(WAITS)]}


def _with_failures(failures: dict[str, Any], quota: Quota, at: datetime) -> list[dict[str, Any]]:
    """The pipeline that puts `failures` in place, and what follows from them."""
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


def _those(failures: Any, condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": failures, "as": "one", "cond": condition}}
