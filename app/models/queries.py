"""Read documents by one `find` command whose answer is one batch.

pymongo's own `find` makes a cursor, which doubles the cost of a query. No query here needs one:
each reads one document or one page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

Stored = dict[str, Any]


def find_one(
    collection: Collection, where: Mapping[str, Any], projection: Mapping[str, bool] | None = None
) -> Stored | None:
    """Return the first matching document, as stored; None if there is none."""
    found = find_all(collection, where, projection, limit=1)
    return found[0] if found else None


def find_all(
    collection: Collection,
    where: Mapping[str, Any],
    projection: Mapping[str, bool] | None = None,
    *,
    limit: int,
    sort: Sequence[tuple[str, int]] = (),
    hint: Mapping[str, int] | None = None,
) -> list[Stored]:
    """Return at most `limit` matching documents, as stored, read from the primary.

    hint: the keys of the index to use.

    The query is repeated once when the connection was lost or the primary stepped down. The
    driver does this (retryable reads) for its cursors only.
    """
    question = {
        "find": collection.name,
        "filter": where,
        "limit": limit,
        "batchSize": limit,
        "singleBatch": True,
    }
    if projection:
        question["projection"] = projection
    if sort:
        question["sort"] = dict(sort)
    if hint:
        question["hint"] = hint
    try:
        return _first_batch(collection, question)
    except AutoReconnect as lost:
        if lost.timeout:
            raise
        return _first_batch(collection, question)


def _first_batch(collection: Collection, question: dict[str, Any]) -> list[Stored]:
    answer = collection.database.command(question, codec_options=collection.codec_options)
    return answer["cursor"]["firstBatch"]
