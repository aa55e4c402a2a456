"""Which input values are at fault, by path: what graphql-core's messages say only in words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    BREAK,
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    Node,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
    visit,
)

from app.errors import ErrorReason, FieldPath

Fault = tuple[FieldPath, ErrorReason]
INPUT_NODES = (ArgumentNode, ObjectFieldNode)
DATES = {"Date", "DateTime"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


def variable_faults(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[Fault]:
    """Every fault of the variables of an operation; paths begin where a variable is first used."""
    faults: list[Fault] = []
    places = _places(operation)
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        path = places.get(name, (name,))
        type_ = type_from_ast(schema, definition.type)
        if name in variables:
            faults.extend(_value_faults(variables[name], type_, path))
        elif is_non_null_type(type_) and definition.default_value is None:
            faults.append((path, ErrorReason.REQUIRED))
    return faults


def _places(operation: OperationDefinitionNode) -> dict[str, FieldPath]:
    """Where each variable is first used: the names of the argument and fields it stands in."""
    places: dict[str, FieldPath] = {}

    class Places(Visitor):
        def enter_variable(self, node: Node, _k: Any, parent: Any, _p: Any, above: list) -> None:
            steps = [step for step in [*above, parent] if isinstance(step, INPUT_NODES)]
            if steps:
                path = tuple(step.name.value for step in steps)
                places.setdefault(node.name.value, path)

    visit(operation, Places())
    return places


def literal_faults(
    schema: GraphQLSchema, document: DocumentNode, nodes: Iterable[Node]
) -> dict[int, list[Fault]]:
    """The faults of literals that validation refused, by the node's id; one pass finds them all.

    Paths begin with the argument's name.
    """
    found = _Finder(TypeInfo(schema), nodes)
    visit(document, TypeInfoVisitor(found.type_info, found))
    return {
        id(node): _literal_faults(node, path, type_) for node, path, type_ in found.places if path
    }


def _literal_faults(node: Node, path: FieldPath, type_: GraphQLInputType | None) -> list[Fault]:
    if isinstance(node, ObjectValueNode) and is_input_object_type(type_):
        given = {field.name.value for field in node.fields}
        missing = [
            ((*path, name), ErrorReason.REQUIRED)
            for name, field in type_.fields.items()
            if is_required_input_field(field) and name not in given
        ]
        if missing:
            return missing
    if isinstance(node, NullValueNode):
        return [(path, ErrorReason.REQUIRED)]
    return [(path, _wrong(type_))]


def _value_faults(value: Any, type_: GraphQLInputType, path: FieldPath) -> Iterator[Fault]:
    if value is None:
        if is_non_null_type(type_):
            yield path, ErrorReason.REQUIRED
        return
    type_ = get_nullable_type(type_)
    if is_list_type(type_):
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            yield from _value_faults(item, type_.of_type, (*path, index))
    elif is_input_object_type(type_):
        yield from _object_faults(value, type_, path)
    else:
        try:
            type_.parse_value(value)
        except (GraphQLError, ValueError, TypeError, ArithmeticError):
            yield path, _wrong(type_)


def _object_faults(value: Any, type_: GraphQLInputType, path: FieldPath) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, ErrorReason.INVALID_DATA
        return
    for name, field in type_.fields.items():
        if name in value:
            yield from _value_faults(value[name], field.type, (*path, name))
        elif is_required_input_field(field):
            yield (*path, name), ErrorReason.REQUIRED
    for unknown in value.keys() - type_.fields.keys():
        # a key that is no name is not repeated
        yield (*path, unknown) if NAME.fullmatch(unknown) else path, ErrorReason.INVALID_DATA


def _wrong(type_: GraphQLInputType | None) -> ErrorReason:
    named = get_named_type(type_)
    return ErrorReason.INVALID_DATE if named and named.name in DATES else ErrorReason.INVALID_DATA


class _Finder(Visitor):
    """Finds nodes: their input types, and the names of the argument and fields they stand in."""

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
        self.places.append((node, names, get_nullable_type(self.type_info.get_input_type())))
        return BREAK if len(self.places) == len(self.targets) else None
