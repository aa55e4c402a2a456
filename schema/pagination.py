"""Pages: what every connection is made of."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any, Protocol

import graphene
from graphql import FieldNode, FragmentSpreadNode

from app.models.record import Record
from schema.cursors import Cursors


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

    __slots__ = ("_cursors", "node")

    def __init__(self, node: Record, cursors: Cursors) -> None:
        self.node = node
        self._cursors = cursors

    @property
    def cursor(self) -> str:
        """Where the row stands."""
        return self._cursors.cursor_of(self.node)


class Rows(Protocol):
    """A page as app.accounts gives it."""

    rows: list
    has_next: bool
    has_previous: bool


class Page:
    """A page as a connection reads it."""

    def __init__(self, cursors: Cursors, page: Rows) -> None:
        self._page = page
        self.edges = list(map(Edge, page.rows, repeat(cursors)))

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
