"""Long operations of commands: longer time-outs than a request has, and reading in batches."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pymongo
from pymongo.collection import Collection

from app.models.connection import database_query, ping
from app.models.queries import Stored, find_all

SECONDS = 60
BATCH = 100  # documents asked for, or written, at once: servers ask the same database meanwhile


@contextmanager
def long_timeout(seconds: float = SECONDS) -> Iterator[None]:
    """Allow the queries within the block `seconds` in total, if the database answers a ping.

    Without the ping, a command would wait as long for a database that is not available.
    Raises AccountError(DATABASE_UNAVAILABLE).
    """
    ping()
    with pymongo.timeout(seconds):
        yield


def in_batches(
    collection: Collection, where: Mapping[str, Any], fields: Mapping[str, bool]
) -> Iterator[list[Stored]]:
    """Yield all matching documents, ordered by id, in batches. A document that begins to match
    meanwhile may be missed.

    Each batch is read when its turn comes. `fields` must include `_id`.
    """
    rows = _batch(collection, where, fields)
    while rows:
        last = rows[-1]["_id"]  # the caller may change the batch
        yield rows
        rows = _batch(collection, {**where, "_id": {"$gt": last}}, fields)


@database_query
def _batch(
    collection: Collection, where: Mapping[str, Any], fields: Mapping[str, bool]
) -> list[Stored]:
    with long_timeout():
        return find_all(collection, where, fields, sort=[("_id", 1)], limit=BATCH)
