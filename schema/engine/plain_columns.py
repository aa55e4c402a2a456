"""Plain fields, completed in columns: one field of all objects of a list at a time.

Each function here returns the function that runs in an operation.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from types import NoneType
from typing import Any

from graphql import GraphQLObjectType

Column = Callable[[list], list]  # from values to their form in the response
Read = Callable[[type, list], list]  # the class of some objects, the objects: a field of each

UNUSABLE = (NoneType, Exception)  # graphql-core's Undefined is an exception, too
SEQUENCES = frozenset((list, tuple))


class IrregularError(Exception):
    """A plain value that graphql-core must complete."""


def read_typename(parent: GraphQLObjectType) -> Read:
    """Read `__typename`."""
    return lambda _kind, sources: [parent.name] * len(sources)


def read_member(name: str, default: Any, mapping: type) -> Read:
    """Read a key of a `mapping`, or an attribute of any other object."""
    get = attrgetter(name)

    def read(kind: type, sources: list) -> list:
        if issubclass(kind, mapping):
            return [source.get(name, default) for source in sources]
        try:
            return list(map(get, sources))
        except AttributeError:
            return [getattr(source, name, default) for source in sources]

    return read


def refuse_methods(read: Read) -> Read:
    """Read as `read` does; leave methods to graphql-core, whose default resolver calls them."""

    def read_values(kind: type, sources: list) -> list:
        values = read(kind, sources)
        if any(map(callable, values)):
            raise IrregularError
        return values

    return read_values


def complete_objects(fields: Sequence[tuple[str, Read, Column]]) -> Column:
    """Objects; each field has its key in the response, how to read it, and its column."""
    empty = dict.fromkeys(key for key, _, _ in fields)

    def objects(sources: list) -> list:
        kinds = {source.__class__ for source in sources}
        if len(kinds) != 1:
            return [objects([source])[0] for source in sources]
        kind = kinds.pop()
        if issubclass(kind, UNUSABLE):
            raise IrregularError
        rows = [empty.copy() for _ in sources]
        for key, read, column in fields:
            for row, value in zip(rows, column(read(kind, sources)), strict=True):
                row[key] = value
        return rows

    return objects


def complete_lists(column: Column) -> Column:
    """Lists; the items of all of them are completed in one column."""

    def lists(values: list) -> list:
        if not SEQUENCES.issuperset(map(type, values)):
            values = [_check_sequence(value) for value in values]
        done = column(list(chain.from_iterable(values)))
        if len(values) == 1:
            return [done]
        ends = accumulate(map(len, values), initial=0)
        return [done[start:end] for start, end in pairwise(ends)]

    return lists


def _check_sequence(value: Any) -> list:
    if not isinstance(value, list | tuple):
        # graphql-core takes other iterables, too; some of them can be read only once
        raise IrregularError
    return list(value)


def complete_nullable(column: Column) -> Column:
    """Values that may be null."""

    def nullable(values: list) -> list:
        present = [value for value in values if value is not None]
        if len(present) == len(values):
            return column(values)
        done = iter(column(present))
        return [None if value is None else next(done) for value in values]

    return nullable
