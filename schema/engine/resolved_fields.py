"""Fields with resolvers, and other fields that are not plain, executed as graphql-core does.

Each function here returns the function that runs in an operation.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from types import NoneType
from typing import Any

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    default_field_resolver,
    located_error,
    print_ast,
)
from graphql.execution import get_argument_values
from graphql.execution.execute import invalid_return_type_error
from graphql.pyutils import Path, is_iterable

from schema.engine.plain_columns import Column, Read

Execute = Callable[[ExecutionContext, Any, Path | None], Any]  # runs a field of a source at a path
Complete = Callable[[ExecutionContext, Any, Path, Any], Any]  # info, path and the resolved value
Fields = tuple[tuple[str, Execute], ...]

CONSTANT = (NoneType, bool, int, float, str, Enum)  # arguments that no resolver can change


@dataclass(frozen=True)
class Place:
    """A field in the response: all nodes that select it under one key.

    read: None when its resolver does more than read. column: None when something below is not
    plain.
    """

    parent: GraphQLObjectType
    key: str
    nodes: list[FieldNode]
    field: GraphQLField
    read: Read | None
    column: Column | None


def execute_resolved(place: Place, complete: Complete) -> Execute:
    """A field with a resolver of its own, or with something below it that is not plain."""
    parent, key, nodes, field = place.parent, place.key, place.nodes, place.field
    resolve = field.resolve or default_field_resolver
    constant = _find_constant_arguments(field, nodes[0])

    def execute(context: ExecutionContext, source: Any, above: Path | None) -> Any:
        path = Path(above, key, parent.name)
        info = context.build_resolve_info(field, nodes.copy(), parent, path)
        try:
            arguments = constant
            if arguments is None:
                arguments = get_argument_values(field, nodes[0], context.variable_values)
            return complete(context, info, path, resolve(source, info, **arguments))
        except Exception as error:  # noqa: BLE001  as graphql-core's execute_field
            located = located_error(error, nodes, path.as_list())
            return context.handle_field_error(located, field.type, path)

    return execute


def execute_plain(place: Place, read: Read, column: Column) -> Execute:
    """A field whose resolver and selection are plain."""
    parent, key, nodes = place.parent, place.key, place.nodes

    def execute(context: ExecutionContext, source: Any, above: Path | None) -> Any:
        try:
            return column(read(source.__class__, [source]))[0]
        except Exception:  # noqa: BLE001  graphql-core meets the same error, and words it
            path = Path(above, key, parent.name)
        return context.execute_field(parent, source, nodes.copy(), path)

    return execute


def complete_plain(type_: GraphQLOutputType, nodes: list[FieldNode], column: Column) -> Complete:
    """A resolved value whose selection is plain."""

    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        with suppress(Exception):  # graphql-core meets the same error, and words it
            return column([value])[0]
        return context.complete_value(type_, nodes, info, path, value)

    return complete


def complete_required(complete_nullable: Complete) -> Complete:
    """A value that must not be null."""

    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        done = complete_nullable(context, info, path, value)
        if done is None:
            place = f"{info.parent_type.name}.{info.field_name}"
            raise TypeError(f"Cannot return null for non-nullable field {place}.")
        return done

    return complete


def complete_list(type_: GraphQLList, nodes: list[FieldNode], complete_item: Complete) -> Complete:
    """A list; each item is completed by itself."""

    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        if isinstance(value, Exception) or not is_iterable(value):
            return context.complete_value(type_, nodes, info, path, value)
        return [item(context, info, path.add_key(index), each) for index, each in enumerate(value)]

    def item(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        try:
            return complete_item(context, info, path, value)
        except Exception as error:  # noqa: BLE001  as graphql-core's complete_list_value
            located = located_error(error, nodes, path.as_list())
            return context.handle_field_error(located, type_.of_type, path)

    return complete


def complete_object(type_: GraphQLObjectType, nodes: list[FieldNode], fields: Fields) -> Complete:
    """An object; each of its fields is executed."""

    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        if value is None:
            return None
        if type_.is_type_of and not type_.is_type_of(value, info):
            raise invalid_return_type_error(type_, value, nodes)
        return {key: execute(context, value, path) for key, execute in fields}

    return complete


def _find_constant_arguments(field: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    """Return the arguments when they are the same in every run; else None."""
    if any("$" in print_ast(argument) for argument in node.arguments):
        return None
    with suppress(Exception):  # an invalid argument is reported in the run
        values = get_argument_values(field, node)
        if all(isinstance(value, CONSTANT) for value in values.values()):
            return values
    return None
