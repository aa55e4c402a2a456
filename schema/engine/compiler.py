"""The compiler of one variant of an operation: decides for each field how it runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from typing import Any, cast

from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.execute import get_field_def

from schema.engine import plain_columns, resolved_fields
from schema.engine.leaf_columns import LeafShortcut, complete_leaves
from schema.engine.plain_columns import Column, Read
from schema.engine.resolved_fields import Complete, Execute, Fields, Place


class NotCoveredError(Exception):
    """The operation has something that graphql-core must run."""


class Compiler:
    """Compiles one variant. A selection that fragments repeat is compiled once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        switches: dict[str, bool],
        leaf_shortcuts: Sequence[LeafShortcut],
    ) -> None:
        self._schema = schema
        self._leaf_shortcuts = leaf_shortcuts
        self._scope = schema, fragments, switches
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def compile_operation(self, operation: OperationDefinitionNode) -> Fields:
        """Compile the root fields. Raises NotCoveredError."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise NotCoveredError
        groups = collect_fields(*self._scope, root, operation.selection_set)
        return self._compile_fields([self._find_place(root, *group) for group in groups.items()])

    def _find_place(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Place:
        name = nodes[0].name.value
        field = get_field_def(self._schema, parent, nodes[0])
        if field is None or name in ("__schema", "__type") or _is_asynchronous(field.resolve):
            raise NotCoveredError
        is_typename = name == "__typename"
        read = plain_columns.read_typename(parent) if is_typename else _find_reader(name, field)
        return Place(parent, key, nodes, field, read, self._compile_column(field.type, nodes))

    def _compile_fields(self, places: list[Place]) -> Fields:
        return tuple((place.key, self._compile_field(place)) for place in places)

    def _compile_field(self, place: Place) -> Execute:
        if place.read and place.column:
            return resolved_fields.execute_plain(place, place.read, place.column)
        complete = self._compile_completion(place.field.type, place.nodes)
        return resolved_fields.execute_resolved(place, complete)

    def _compile_selection(
        self, type_: GraphQLObjectType, nodes: list[FieldNode]
    ) -> Column | Fields:
        """Compile what is selected of an object: to a column when all is plain, else to fields."""
        groups = collect_sub_fields(*self._scope, type_, nodes)
        places = [self._find_place(type_, *group) for group in groups.items()]
        plain = [
            (place.key, place.read, place.column) for place in places if place.read and place.column
        ]
        if type_.is_type_of or len(plain) < len(places):
            return self._compile_fields(places)
        return plain_columns.complete_objects(plain)

    def _compile_once(self, compile_: Callable, type_: Any, nodes: list[FieldNode]) -> Any:
        key = (type_.name, *map(id, nodes))
        if key not in self._compiled:
            self._compiled[key] = compile_(type_, nodes)
        return self._compiled[key]

    def _compile_leaf(self, type_: Any, _nodes: list[FieldNode]) -> Column:
        return complete_leaves(type_, self._leaf_shortcuts)

    def _compile_column(
        self, type_: GraphQLOutputType, nodes: list[FieldNode], *, required: bool = False
    ) -> Column | None:
        """Compile a type to a column. Return None when something below it is not plain."""
        if isinstance(type_, GraphQLNonNull):
            return self._compile_column(type_.of_type, nodes, required=True)
        if is_abstract_type(type_):
            raise NotCoveredError
        column: Column | None
        if isinstance(type_, GraphQLList):
            items = self._compile_column(type_.of_type, nodes)
            column = items and plain_columns.complete_lists(items)
        elif is_leaf_type(type_):
            column = self._compile_once(self._compile_leaf, type_, [])
        else:
            selection = self._compile_once(self._compile_selection, type_, nodes)
            column = None if isinstance(selection, tuple) else selection
        return column if required or column is None else plain_columns.complete_nullable(column)

    def _compile_completion(self, type_: GraphQLOutputType, nodes: list[FieldNode]) -> Complete:
        if column := self._compile_column(type_, nodes):
            return resolved_fields.complete_plain(type_, nodes, column)
        if isinstance(type_, GraphQLNonNull):
            return resolved_fields.complete_required(self._compile_completion(type_.of_type, nodes))
        if isinstance(type_, GraphQLList):
            complete_item = self._compile_completion(type_.of_type, nodes)
            return resolved_fields.complete_list(type_, nodes, complete_item)
        fields = self._compile_once(self._compile_selection, type_, nodes)
        return resolved_fields.complete_object(cast(GraphQLObjectType, type_), nodes, fields)


def _is_asynchronous(resolve: Callable | None) -> bool:
    if resolve is None:
        return False
    function = unwrap(resolve)
    return iscoroutinefunction(function) or isasyncgenfunction(function)


def _find_reader(name: str, field: GraphQLField) -> Read | None:
    """How the field's default resolver reads it; None when it has another resolver."""
    if field.args:
        return None
    if field.resolve is None:
        return plain_columns.refuse_methods(plain_columns.read_member(name, None, Mapping))
    if isinstance(field.resolve, partial) and field.resolve.func is dict_or_attr_resolver:
        attribute, default = field.resolve.args
        return plain_columns.read_member(attribute, default, dict)
    return None
