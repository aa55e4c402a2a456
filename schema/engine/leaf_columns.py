"""Leaf values (scalars and enums), serialised in columns."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from graphene.types.definitions import GrapheneEnumType
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)

from schema.engine.plain_columns import UNUSABLE, Column, IrregularError

# What `serialize` makes of values of one type, for a whole column: the `serialize` function of the
# GraphQL type, the Python type of all values, and the conversion. It must give the same result.
LeafShortcut = tuple[Callable[[Any], Any], type, Column]

SHORTCUTS: tuple[LeafShortcut, ...] = (
    (GraphQLString.serialize, str, lambda values: values),
    (GraphQLID.serialize, str, lambda values: values),
    (GraphQLBoolean.serialize, bool, lambda values: values),
)


def complete_leaves(
    type_: GraphQLScalarType | GraphQLEnumType, shortcuts: Sequence[LeafShortcut]
) -> Column:
    """Leaf values of one type. shortcuts: in addition to SHORTCUTS."""
    serialize = type_.serialize
    conversions = _find_conversions(type_, (*SHORTCUTS, *shortcuts))

    def leaves(values: list) -> list:
        kinds = set(map(type, values))
        for usual, convert in conversions:
            if usual.issuperset(kinds):
                return convert(values)
        if any(isinstance(value, UNUSABLE) for value in values):
            raise IrregularError
        done = list(map(serialize, values))
        if any(value is None or value is Undefined for value in done):
            raise IrregularError
        return done

    return leaves


def _find_conversions(
    type_: GraphQLScalarType | GraphQLEnumType, shortcuts: Iterable[LeafShortcut]
) -> list[tuple[frozenset[type], Column]]:
    """The usual Python types of a leaf's values, and the conversion of such values."""
    if isinstance(type_, GraphQLEnumType) and type(type_) in (GraphQLEnumType, GrapheneEnumType):
        names = _find_enum_names(type_)
        return [(frozenset(map(type, names)), lambda values: [names[value] for value in values])]
    return [
        (frozenset((usual,)), convert)
        for serialize, usual, convert in shortcuts
        if type_.serialize is serialize
    ]


def _find_enum_names(type_: GraphQLEnumType) -> dict[str | Enum, str]:
    """What an enum serialises its members to, and their texts."""
    members = [value.value for value in type_.values.values()]
    texts = [member.value for member in members if isinstance(member, Enum)]
    names: dict[str | Enum, str] = {}
    for value in (*type_.values, *texts, *members):
        if isinstance(value, Enum) or type(value) is str:
            with suppress(Exception):  # it is no member
                names[value] = type_.serialize(value)
    return names
