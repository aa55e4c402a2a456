"""How documents are read: by one `find` command, its answer in one batch.

pymongo's own `find` makes a cursor for it, which costs as much again as the question does, and
which no read of this house needs: each is of one document or of one page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

Stored = dict[str, Any]


def find_one(
    collection: Collection, where: Mapping[str, Any], projection: Mapping[str, bool] | None = None
) -> Stored | None:
    """The first document that matches, as stored; None for none."""
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
    """At most `limit` documents that match, as stored, read from the primary.

    hint: the keys of the index to read by.

    Asked once more when the connection was lost or the primary stepped down: MongoDB's retryable
    reads, which the driver does for its cursors alone.
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
