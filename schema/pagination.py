"""Pages of connections: the base of every connection type."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import repeat
from typing import Any

import graphene
from graphql import FieldNode, FragmentSpreadNode

from app.models.keyset import Page
from app.models.record import Record
from schema.cursors import Cursors


def selected_fields(info: graphene.ResolveInfo, *path: str) -> set[str]:
    """Return the names of the fields selected below `path` (edges, node).

    It ignores @skip and @include.
    """
    nodes = info.field_nodes
    for name in path:
        nodes = [node for node in _iterate_selections(nodes, info) if node.name.value == name]
    return {node.name.value for node in _iterate_selections(nodes, info)}


def _iterate_selections(nodes: list[Any], info: graphene.ResolveInfo) -> Iterator[FieldNode]:
    for node in nodes:
        for part in node.selection_set.selections:
            if type(part) is FieldNode:
                yield part
            elif type(part) is FragmentSpreadNode:
                yield from _iterate_selections([info.fragments[part.name.value]], info)
            else:
                yield from _iterate_selections([part], info)


class PageInfo(graphene.ObjectType):
    """What there is before and after a page."""

    has_next_page = graphene.Boolean(
        required=True, description="Whether there are rows after this page."
    )
    has_previous_page = graphene.Boolean(
        required=True, description="Whether there are rows before this page."
    )
    start_cursor = graphene.String(
        description="The cursor of the first row. Null for an empty page."
    )
    end_cursor = graphene.String(description="The cursor of the last row. Null for an empty page.")


class Edge:
    """A row of a connection. Its cursor is made only when a client asks for it."""

    __slots__ = ("_cursors", "node")

    def __init__(self, node: Record, cursors: Cursors) -> None:
        self.node = node
        self._cursors = cursors

    @property
    def cursor(self) -> str:
        """The position of the row."""
        return self._cursors.cursor_of(self.node)


class Connection:
    """A page with its cursors, as the fields of a connection type read it."""

    def __init__(
        self, page: Page[Any], cursors: Cursors, count: Callable[[], int] | None = None
    ) -> None:
        """count: returns the number of rows on all pages. Called only when a client asks for it."""
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
        """The number of rows on all pages."""
        if self._count is None:
            raise TypeError("this list is not counted")
        return self._count()
