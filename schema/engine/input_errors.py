"""Finds which input values are invalid, by path: graphql-core names them only in its messages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    BREAK,
    ArgumentNode,
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    Node,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
    visit,
)

from schema.engine.errors import EngineReason, FieldError, FieldPath

INPUT_NODES = (ArgumentNode, ObjectFieldNode)
DATES = {"Date", "DateTime"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


def find_variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[FieldError]:
    """Return every error in an operation's variables.

    Paths begin with the argument and fields in which a variable is first used.
    """
    errors: list[FieldError] = []
    places = _find_places(operation)
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        path = places.get(name, (name,))
        type_ = type_from_ast(schema, definition.type)
        if name in variables:
            errors.extend(_check_value(variables[name], cast(GraphQLInputType, type_), path))
        elif is_non_null_type(type_) and definition.default_value is None:
            errors.append((path, EngineReason.REQUIRED))
    return errors


def _find_places(operation: OperationDefinitionNode) -> dict[str, FieldPath]:
    """For each variable, the names of the argument and fields in which it is first used."""
    places: dict[str, FieldPath] = {}

    class Places(Visitor):
        def enter_variable(
            self, node: VariableNode, _k: Any, parent: Any, _p: Any, above: list
        ) -> None:
            around = [*above, parent]
            path = tuple(step.name.value for step in around if isinstance(step, INPUT_NODES))
            if path:
                places.setdefault(node.name.value, path)

    visit(operation, Places())
    return places


def find_literal_errors(
    schema: GraphQLSchema, document: DocumentNode, nodes: Iterable[Node]
) -> dict[int, list[FieldError]]:
    """Return the errors of literals that validation refused, by the id of the node.

    Paths begin with the argument's name. The document is walked once.
    """
    finder = _Finder(TypeInfo(schema), nodes)
    visit(document, TypeInfoVisitor(finder.type_info, finder))
    return {
        id(node): _check_literal(node, path, type_) for node, path, type_ in finder.places if path
    }


def _check_literal(node: Node, path: FieldPath, type_: GraphQLInputType | None) -> list[FieldError]:
    if isinstance(node, ObjectValueNode) and isinstance(type_, GraphQLInputObjectType):
        given = {field.name.value for field in node.fields}
        missing = [
            ((*path, name), EngineReason.REQUIRED)
            for name, field in type_.fields.items()
            if is_required_input_field(field) and name not in given
        ]
        if missing:
            return missing
    if isinstance(node, NullValueNode):
        return [(path, EngineReason.REQUIRED)]
    return [(path, _reason_for(type_))]


def _check_value(value: Any, type_: GraphQLInputType, path: FieldPath) -> Iterator[FieldError]:
    if value is None:
        if is_non_null_type(type_):
            yield path, EngineReason.REQUIRED
        return
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if isinstance(type_, GraphQLList):
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            yield from _check_value(item, type_.of_type, (*path, index))
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _check_object(value, type_, path)
    else:
        try:
            cast(GraphQLScalarType | GraphQLEnumType, type_).parse_value(value)
        except (GraphQLError, ValueError, TypeError, ArithmeticError):
            yield path, _reason_for(type_)


def _check_object(
    value: Any, type_: GraphQLInputObjectType, path: FieldPath
) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield path, EngineReason.INVALID_DATA
        return
    for name, field in type_.fields.items():
        if name in value:
            yield from _check_value(value[name], field.type, (*path, name))
        elif is_required_input_field(field):
            yield (*path, name), EngineReason.REQUIRED
    for unknown in value.keys() - type_.fields.keys():
        # a key that is not a GraphQL name is not repeated
        yield (*path, unknown) if NAME.fullmatch(unknown) else path, EngineReason.INVALID_DATA


def _reason_for(type_: GraphQLInputType | None) -> EngineReason:
    named = get_named_type(type_)
    return EngineReason.INVALID_DATE if named and named.name in DATES else EngineReason.INVALID_DATA


class _Finder(Visitor):
    """Finds nodes, their input types, and the names of the argument and fields around them."""

    def __init__(self, type_info: TypeInfo, targets: Iterable[Node]) -> None:
        super().__init__()
        self.type_info = type_info
        self.targets = {id(target) for target in targets}
        self.places: list[tuple[Node, FieldPath, GraphQLInputType | None]] = []

    def enter(self, node: Node, key: Any, parent: Any, path: Any, ancestors: list[Any]) -> Any:
        if id(node) not in self.targets:
            return None
        names = tuple(
            step.name.value
            for step in [*ancestors, parent, node]  # ancestors end before the parent
            if isinstance(step, INPUT_NODES)
        )
        type_: Any = self.type_info.get_input_type()
        self.places.append((node, names, get_nullable_type(type_)))
        return BREAK if len(self.places) == len(self.targets) else None
