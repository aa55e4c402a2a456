"""Keyset pagination, in both directions: a page is found by the position of a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from app.models.queries import Stored, find_all

Row = TypeVar("Row")
Other = TypeVar("Other")


class Position(NamedTuple):
    """The position of a row: the value that it is ordered by, and its id to break ties."""

    value: Any
    id: ObjectId


class Slice(NamedTuple):
    """Which rows: at most `size` after `position`, or the first ones without a position.

    backwards: before the position instead, or the last ones.
    """

    size: int
    position: Position | None = None
    backwards: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows in the order of their list, and whether there are others before and after them.

    On the side from which the page was reached, a cursor means that there are more: the query
    does not check that those rows still exist.
    """

    rows: list[Row]
    has_next: bool
    has_previous: bool

    def map(self, convert: Callable[[Row], Other]) -> "Page[Other]":
        """The page with each row converted."""
        return Page(list(map(convert, self.rows)), self.has_next, self.has_previous)


def read_page(
    collection: Collection,
    projection: Mapping[str, bool] | None,
    *,
    where: Mapping[str, Any] = MappingProxyType({}),
    key: str,
    ascending: bool = False,
    asked: Slice,
    hint: Mapping[str, int] | None = None,
) -> Page[Stored]:
    """The rows of `asked` that match `where`, by `key` and id, newest or greatest first unless
    `ascending`. One row more is read, to know whether there are more.

    hint: the index to read by, where MongoDB has to choose among several.
    """
    size, position, backwards = asked
    upwards = ascending != backwards
    direction = ASCENDING if upwards else DESCENDING
    rows = find_all(
        collection,
        where if position is None else _beyond(where, key, position, upwards),
        projection,
        sort=[(key, direction), ("_id", direction)],
        limit=size + 1,
        hint=hint,
    )
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        return Page(rows[::-1], has_next=position is not None, has_previous=more)
    return Page(rows, has_next=more, has_previous=position is not None)


def _beyond(
    where: Mapping[str, Any], key: str, position: Position, upwards: bool
) -> dict[str, Any]:
    bound, strictly = ("$gte", "$gt") if upwards else ("$lte", "$lt")
    return {
        **where,
        key: {**where.get(key, {}), bound: position.value},
        "$or": [{key: {strictly: position.value}}, {"_id": {strictly: position.id}}],
    }
