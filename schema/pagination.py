"""Pages and their opaque cursors: what every connection is made of."""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, ClassVar, Protocol

import graphene
from bson import ObjectId
from bson.tz_util import utc
from graphql import FieldNode, FragmentSpreadNode

from app.errors import AccountError, ErrorReason
from app.models.keyset import Position
from app.models.record import Record

# the list and its version, milliseconds since 1970, an ObjectId
LAYOUT = struct.Struct(">2sq12s")
EPOCH = datetime(1970, 1, 1, tzinfo=utc)  # the driver's UTC: datetimes of one zone subtract fast
MILLISECOND = timedelta(milliseconds=1)


class Cursors:
    """The cursors of one list, newest first. Those of another list are none of them."""

    def __init__(self, mark: bytes, key: str) -> None:
        """mark: two bytes that tell the list's cursors; key: the time that it is ordered by."""
        self._mark, self._time_of = mark, attrgetter(key)

    def cursor_of(self, record: Record) -> str:
        """The opaque cursor of a row."""
        milliseconds = (self._time_of(record) - EPOCH) // MILLISECOND
        return LAYOUT.pack(self._mark, milliseconds, record.id.binary).hex()

    def position_of(self, cursor: str | None) -> Position | None:
        """What a cursor stands for. Raises AccountError(INVALID_DATA) for one of no row here."""
        if cursor is None:
            return None
        try:
            packed = bytes.fromhex(cursor)
            mark, milliseconds, identifier = LAYOUT.unpack(packed)
            if mark != self._mark or packed.hex() != cursor:
                raise ValueError
            return Position(EPOCH + milliseconds * MILLISECOND, ObjectId(identifier))
        except (struct.error, ValueError, OverflowError):
            reason = ErrorReason.INVALID_DATA
            raise AccountError(reason, fields={"after": reason}) from None


ACCOUNTS = Cursors(b"c1", "created_at")
EVENTS = Cursors(b"e1", "at")


def selected(info: graphene.ResolveInfo, *path: str) -> set[str]:
    """The names of the fields asked for below `path` (edges, node), whatever skips them."""
    nodes = info.field_nodes
    for name in path:
        nodes = [node for node in _below(nodes, info) if node.name.value == name]
    return {node.name.value for node in _below(nodes, info)}


def _below(nodes: list, info: graphene.ResolveInfo) -> Iterator[FieldNode]:
    for node in nodes:
        for part in node.selection_set.selections:
            if type(part) is FieldNode:
                yield part
            elif type(part) is FragmentSpreadNode:
                yield from _below([info.fragments[part.name.value]], info)
            else:
                yield from _below([part], info)


class PageInfo(graphene.ObjectType):
    """Where a page stands among the others."""

    has_next_page = graphene.Boolean(required=True, description="Whether rows follow this page.")
    has_previous_page = graphene.Boolean(required=True, description="Whether rows precede it.")
    start_cursor = graphene.String(description="The cursor of its first row.")
    end_cursor = graphene.String(description="The cursor of its last row.")


class Edge:
    """A row; its cursor is made only when asked for."""

    __slots__ = ("node",)
    cursors: ClassVar[Cursors]

    def __init__(self, node: Record) -> None:
        self.node = node

    @property
    def cursor(self) -> str:
        """Where the row stands."""
        return self.cursors.cursor_of(self.node)


class AccountEdge(Edge):
    """A row of the list of accounts."""

    __slots__ = ()
    cursors = ACCOUNTS


class EventEdge(Edge):
    """A row of an account's security events."""

    __slots__ = ()
    cursors = EVENTS


class Rows(Protocol):
    """A page as app.accounts gives it."""

    rows: list
    has_next: bool
    has_previous: bool


class Page:
    """A page as a connection reads it."""

    def __init__(self, edge: type[Edge], page: Rows) -> None:
        self._page = page
        self.edges = list(map(edge, page.rows))

    @property
    def page_info(self) -> dict[str, Any]:
        """See PageInfo."""
        return {
            "has_next_page": self._page.has_next,
            "has_previous_page": self._page.has_previous,
            "start_cursor": self.edges[0].cursor if self.edges else None,
            "end_cursor": self.edges[-1].cursor if self.edges else None,
        }


class CountedPage(Page):
    """A page of a list that can be counted."""

    @property
    def total_count(self) -> int:
        """All rows, on all pages; counted when asked."""
        return self._page.total_count
