"""Pages and their opaque cursors: what every connection is made of."""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b, sha256
from hmac import compare_digest
from itertools import repeat
from operator import attrgetter
from typing import Any

import graphene
from bson import ObjectId
from bson.tz_util import utc
from graphql import FieldNode, FragmentSpreadNode

from app.accounts.pagination import requested_slice
from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.keyset import Page, Position, Slice
from app.models.record import Record

PLACE = struct.Struct(">q12s")  # milliseconds since 1970, an ObjectId
EPOCH = datetime(1970, 1, 1, tzinfo=utc)  # the driver's UTC: datetimes of one zone subtract fast
MILLISECOND = timedelta(milliseconds=1)
SEAL_BYTES = 8
ID_BYTES = 12


class Cursors:
    """The cursors of one list, ordered by a time and then by id.

    Each carries a row's place and a seal, made with SECRET_KEY, of the place and of the list: that
    of another list, order or filter is none of them, nor is one that was altered.
    """

    def __init__(self, scope: str, key: str) -> None:
        """scope: tells the list from all others; key: the attribute that it is ordered by."""
        secret = sha256(current().secret_key.encode()).digest()
        self._new_seal = blake2b(scope.encode(), key=secret, digest_size=SEAL_BYTES).copy
        self._value_of = attrgetter(key)

    def cursor_of(self, record: Record) -> str:
        """The opaque cursor of a row."""
        milliseconds = (self._value_of(record) - EPOCH) // MILLISECOND
        return self._sealed(PLACE.pack(milliseconds, record.id.binary)).hex()

    def slice_of(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Slice:
        """The rows that a connection's arguments ask for.

        Raises AccountError(INVALID_DATA) naming the arguments that are at fault.
        """
        return requested_slice(
            first, self._position("after", after), last, self._position("before", before)
        )

    def _position(self, name: str, cursor: str | None) -> Position | None:
        if cursor is None:
            return None
        with suppress(ValueError):
            packed = bytes.fromhex(cursor)
            place = packed[:-SEAL_BYTES]
            if packed.hex() == cursor and compare_digest(self._sealed(place), packed):
                return self._position_at(place)
        raise AccountError(ErrorReason.INVALID_DATA, fields={name: ErrorReason.INVALID_DATA})

    def _sealed(self, place: bytes) -> bytes:
        seal = self._new_seal()
        seal.update(place)
        return place + seal.digest()

    def _position_at(self, place: bytes) -> Position:
        milliseconds, identifier = PLACE.unpack(place)
        return Position(EPOCH + milliseconds * MILLISECOND, ObjectId(identifier))


class TextCursors(Cursors):
    """The cursors of a list that is ordered by a text."""

    def cursor_of(self, record: Record) -> str:
        """The opaque cursor of a row."""
        return self._sealed(self._value_of(record).encode() + record.id.binary).hex()

    def _position_at(self, place: bytes) -> Position:
        return Position(place[:-ID_BYTES].decode(), ObjectId(place[-ID_BYTES:]))


def selected_fields(info: graphene.ResolveInfo, *path: str) -> set[str]:
    """The names of the fields selected below `path` (edges, node), @skip and @include aside."""
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
    """A row of a connection; its cursor is made only when it is asked for."""

    __slots__ = ("_cursors", "node")

    def __init__(self, node: Record, cursors: Cursors) -> None:
        self.node = node
        self._cursors = cursors

    @property
    def cursor(self) -> str:
        """The position of the row."""
        return self._cursors.cursor_of(self.node)


class Connection:
    """What the fields of a connection type read: a page with its cursors."""

    def __init__(
        self, page: Page[Any], cursors: Cursors, count: Callable[[], int] | None = None
    ) -> None:
        """count: how many rows there are on all pages; asked only when the client asks for it."""
        self._page = page
        self._count = count
        self.edges = list(map(Edge, page.rows, repeat(cursors)))

    @property
    def page_info(self) -> dict[str, Any]:
        """The fields of PageInfo."""
        return {
            "has_next_page": self._page.has_next,
            "has_previous_page": self._page.has_previous,
            "start_cursor": self.edges[0].cursor if self.edges else None,
            "end_cursor": self.edges[-1].cursor if self.edges else None,
        }

    @cached_property
    def total_count(self) -> int:
        """How many rows there are on all pages."""
        if self._count is None:
            raise TypeError("this list is not counted")
        return self._count()
