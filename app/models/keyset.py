"""A page after the last row seen: by key, never by skipping, newest first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.collection import Collection

from app.models.reading import find_all


class Position(NamedTuple):
    """Where a row stands: the value it is ordered by, and its id to break ties."""

    value: Any
    id: ObjectId


class Page(NamedTuple):
    """The rows as stored, and whether there are more behind them."""

    rows: list[dict[str, Any]]
    has_next: bool


def page_after(
    collection: Collection,
    projection: dict[str, bool] | None,
    *,
    where: Mapping[str, Any] = MappingProxyType({}),
    key: str,
    first: int,
    after: Position | None,
) -> Page:
    """At most `first` of the rows that match `where`, behind `after` or from the beginning."""
    behind = dict(where) if after is None else {**where, **_behind(key, after)}
    order = [(key, DESCENDING), ("_id", DESCENDING)]
    rows = find_all(collection, behind, projection, sort=order, limit=first + 1)
    return Page(rows[:first], len(rows) > first)


def _behind(key: str, after: Position) -> dict[str, Any]:
    return {
        key: {"$lte": after.value},
        "$or": [{key: {"$lt": after.value}}, {"_id": {"$lt": after.id}}],
    }
