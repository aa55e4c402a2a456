"""Connections and opaque cursors."""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

import graphene
from bson import ObjectId
from bson.tz_util import utc
from graphql import FieldNode, FragmentSpreadNode

from app.accounts.administration import AccountPage
from app.errors import AccountError, ErrorReason
from app.models.keyset import Position
from app.models.user import UserRecord
from schema.types import User

# "newest first" and its version, milliseconds since 1970, an ObjectId
LAYOUT = struct.Struct(">2sq12s")
NEWEST_FIRST = b"c1"
EPOCH = datetime(1970, 1, 1, tzinfo=utc)  # the driver's UTC: datetimes of one zone subtract fast
MILLISECOND = timedelta(milliseconds=1)


def cursor_of(record: UserRecord) -> str:
    """The opaque cursor of an account in the order of its creation."""
    milliseconds = (record.created_at - EPOCH) // MILLISECOND
    return LAYOUT.pack(NEWEST_FIRST, milliseconds, record.id.binary).hex()


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


def position_of(cursor: str | None) -> Position | None:
    """What a cursor stands for. Raises AccountError(INVALID_DATA) for one that is none of ours."""
    if cursor is None:
        return None
    try:
        packed = bytes.fromhex(cursor)
        order, milliseconds, identifier = LAYOUT.unpack(packed)
        if order != NEWEST_FIRST or packed.hex() != cursor:
            raise ValueError
        return Position(EPOCH + milliseconds * MILLISECOND, ObjectId(identifier))
    except (struct.error, ValueError, OverflowError):
        reason = ErrorReason.INVALID_DATA
        raise AccountError(reason, fields={"after": reason}) from None


class PageInfo(graphene.ObjectType):
    """Where a page stands among the others."""

    has_next_page = graphene.Boolean(required=True, description="Whether rows follow this page.")
    has_previous_page = graphene.Boolean(required=True, description="Whether rows precede it.")
    start_cursor = graphene.String(description="The cursor of its first row.")
    end_cursor = graphene.String(description="The cursor of its last row.")


class UserEdge(graphene.ObjectType):
    """One row of a page."""

    cursor = graphene.String(required=True, description="Where the row stands: pass it as `after`.")
    node = graphene.Field(User, required=True, description="The account.")


class UserConnection(graphene.ObjectType):
    """Pages by key, never by skipping: the last page of a million users costs what the first
    does."""

    edges = graphene.List(
        graphene.NonNull(UserEdge), required=True, description="The rows, in order."
    )
    page_info = graphene.Field(PageInfo, required=True, description="What lies around the page.")
    total_count = graphene.Int(required=True, description="All rows. Counted only when asked for.")


class Edge:
    """A row; its cursor is made only when asked for."""

    __slots__ = ("node",)

    def __init__(self, node: UserRecord) -> None:
        self.node = node

    @property
    def cursor(self) -> str:
        """See UserEdge."""
        return cursor_of(self.node)


class UserPage:
    """A page as UserConnection reads it."""

    def __init__(self, page: AccountPage) -> None:
        self._page = page
        self.edges = [Edge(record) for record in page.accounts]

    @property
    def total_count(self) -> int:
        """See UserConnection."""
        return self._page.total_count

    @property
    def page_info(self) -> dict:
        """See PageInfo."""
        return {
            "has_next_page": self._page.has_next,
            "has_previous_page": self._page.has_previous,
            "start_cursor": self.edges[0].cursor if self.edges else None,
            "end_cursor": self.edges[-1].cursor if self.edges else None,
        }
