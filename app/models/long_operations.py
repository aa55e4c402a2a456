"""Patience: a command at a terminal waits longer for the database than a request may."""

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
    """Give what is asked within `seconds` in all, once the database has shown that it is there.

    Without that look, one that is away would be waited for as long.
    Raises AccountError(DATABASE_UNAVAILABLE).
    """
    ping()
    with pymongo.timeout(seconds):
        yield


def in_batches(
    collection: Collection, where: Mapping[str, Any], fields: Mapping[str, bool]
) -> Iterator[list[Stored]]:
    """All that match, as stored, by id, each once; what comes to match meanwhile may be missed.

    Asked batch by batch: each is as it is when its turn comes. `fields` may not leave out `_id`.
    """
    rows = _batch(collection, where, fields)
    while rows:
        last = rows[-1]["_id"]  # whoever reads a batch may take it apart
        yield rows
        rows = _batch(collection, {**where, "_id": {"$gt": last}}, fields)


@database_query
def _batch(
    collection: Collection, where: Mapping[str, Any], fields: Mapping[str, bool]
) -> list[Stored]:
    with long_timeout():
        return find_all(collection, where, fields, sort=[("_id", 1)], limit=BATCH)
