"""Operations compiled once: a selection becomes nested Python functions, run instead of
graphql-core's executor. The result is the one `graphql.execute_sync` gives, to the letter.

A field is *plain* when it only reads its source (the default resolver of Graphene or graphql-core,
no arguments) and so does every field below. Plain values are completed in columns: one field of
all the objects of a list at a time. Whatever is irregular there (an error, a value of an unusual
type, a generator, a method) abandons the attempt, and graphql-core itself completes the same value:
it alone decides what such an error looks like and which nulls follow. So reading an attribute and
serialising a leaf have to be pure, they may happen twice and in another order; and so has parsing
a literal, which happens once for all runs. Resolvers are called once each, in graphql-core's order.

Not covered, left to graphql-core (`compile_operation` returns None): subscriptions, fields of an
interface or a union, `__schema` and `__type`, resolvers that are coroutine or asynchronous
generator functions. Nothing is awaited: an awaitable that another function returns is a value,
mostly one that its field's type refuses. There is no root value and no middleware.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from types import NoneType
from typing import Any

import graphene
from bson import ObjectId
from graphene.types.definitions import GrapheneEnumType
from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
    is_abstract_type,
    is_leaf_type,
    located_error,
    print_ast,
)
from graphql.execution import get_argument_values
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.execute import (
    CollectedErrors,
    assume_not_awaitable,
    get_field_def,
    invalid_return_type_error,
)
from graphql.pyutils import Path, is_iterable

MOST_VARIANTS = 4  # of @skip and @include; each may weigh as much as the parsed document

Column = Callable[[list], list]  # values to what the response says of them
Read = Callable[[type, list], list]  # the class of some objects, and these, to one field of each
Execute = Callable[[ExecutionContext, Any, Path | None], Any]  # a field, of a source at a path
Complete = Callable[[ExecutionContext, Any, Path, Any], Any]  # info, path and what it resolved to
Fields = tuple[tuple[str, Execute], ...]

UNUSABLE = (NoneType, Exception)  # Undefined is an exception, too
CONSTANT = (NoneType, bool, int, float, str, Enum)  # arguments that no resolver can change
SEQUENCES = frozenset((list, tuple))


def compile_operation(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> "CompiledOperation | None":
    """An operation of a valid document, compiled; None when it is not covered (see above)."""
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION or schema.get_root_type(kind) is None:
        return None
    compiled = CompiledOperation(schema, document, operation)
    return compiled if compiled.is_covered else None


class CompiledOperation:
    """An operation ready to run. Safe to share among threads: the variants of its @skip and
    @include are compiled when they are met, and nothing else ever changes."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema, self._operation = schema, operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._switches = _switches(operation, self._fragments)
        self._variants: dict[tuple[bool, ...], Fields | None] = {}
        self.is_covered = self._variant(self._switches) is not None

    def run(self, context_value: Any, variables: dict[str, Any]) -> ExecutionResult:
        """What graphql-core answers. variables: as `get_variable_values` returns them."""
        context = ExecutionContext(
            self._schema,
            self._fragments.copy(),
            None,
            context_value,
            self._operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            CollectedErrors(),
            None,
            assume_not_awaitable,
        )
        fields = self._variant(variables)
        try:
            if fields is None:
                data = context.execute_operation(self._operation, None)
            else:
                data = {key: execute(context, None, None) for key, execute in fields}
        except GraphQLError as error:
            context.collected_errors.add(error, None)
            data = None
        return context.build_response(data, context.collected_errors.errors)

    def _variant(self, variables: Mapping[str, Any]) -> Fields | None:
        """The fields that these variables select; None to let graphql-core select them."""
        switches = tuple(map(variables.get, self._switches))
        if switches and set(map(type, switches)) != {bool}:
            return None  # null or nothing: graphql-core says what is wrong
        if switches not in self._variants:
            if len(self._variants) >= MOST_VARIANTS:
                return None
            self._variants[switches] = self._compile(
                dict(zip(self._switches, switches, strict=True))
            )
        return self._variants[switches]

    def _compile(self, switches: dict[str, bool]) -> Fields | None:
        try:
            return _Compiler(self._schema, self._fragments, switches).root(self._operation)
        except (_NotCoveredError, RecursionError):
            return None


class _NotCoveredError(Exception):
    """Something in the operation is for graphql-core to run."""


class _IrregularError(Exception):
    """A plain value is for graphql-core to complete."""


def _switches(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, bool]:
    """The operation's variables that @skip and @include read, with the value that selects."""
    variables = {definition.variable.name.value for definition in operation.variable_definitions}
    found = {}
    for part in (operation, *fragments.values()):
        for directive in _directives(part.selection_set):
            selects = {"include": True, "skip": False}.get(directive.name.value)
            condition = None if selects is None else directive.arguments[0].value
            if isinstance(condition, VariableNode) and condition.name.value in variables:
                found[condition.name.value] = selects
    return found


def _directives(selection_set: SelectionSetNode) -> Iterator[DirectiveNode]:
    for node in selection_set.selections:
        yield from node.directives
        if below := getattr(node, "selection_set", None):
            yield from _directives(below)


@dataclass(frozen=True)
class _Place:
    """A field where the response has it: all the nodes that select it under one key."""

    parent: GraphQLObjectType
    key: str
    nodes: list[FieldNode]
    field: GraphQLField
    read: Read | None  # None: its resolver does more than read
    column: Column | None  # None: something below is not plain


class _Compiler:
    """Compiles one variant. What some nodes select is compiled once, wherever they are spread."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        switches: dict[str, bool],
    ) -> None:
        self._schema = schema
        self._scope = schema, fragments, switches
        self._known: dict[tuple, Column | Fields] = {}

    def root(self, operation: OperationDefinitionNode) -> Fields:
        root = self._schema.get_root_type(operation.operation)
        groups = collect_fields(*self._scope, root, operation.selection_set)
        return self._fields([self._place(root, *group) for group in groups.items()])

    def _place(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> _Place:
        name = nodes[0].name.value
        field = get_field_def(self._schema, parent, nodes[0])
        if name in ("__schema", "__type") or _is_asynchronous(field.resolve):
            raise _NotCoveredError
        read = _read_typename(parent) if name == "__typename" else _reader(name, field)
        return _Place(parent, key, nodes, field, read, self._column(field.type, nodes))

    def _fields(self, places: list[_Place]) -> Fields:
        return tuple((place.key, self._execute(place)) for place in places)

    def _execute(self, place: _Place) -> Execute:
        if place.read and place.column:
            return _plain_field(place)
        return _resolved_field(place, self._complete(place.field.type, place.nodes))

    def _selection(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Column | Fields:
        """What is selected of an object: a column when all of it is plain, else its fields."""
        groups = collect_sub_fields(*self._scope, type_, nodes)
        places = [self._place(type_, *group) for group in groups.items()]
        is_plain = not type_.is_type_of and all(place.read and place.column for place in places)
        return _objects(places) if is_plain else self._fields(places)

    def _once(self, make: Callable, type_: GraphQLOutputType, nodes: list[FieldNode]) -> Any:
        key = (type_.name, *map(id, nodes))
        if key not in self._known:
            self._known[key] = make(type_, nodes)
        return self._known[key]

    def _column(
        self, type_: GraphQLOutputType, nodes: list[FieldNode], *, required: bool = False
    ) -> Column | None:
        if isinstance(type_, GraphQLNonNull):
            return self._column(type_.of_type, nodes, required=True)
        if is_abstract_type(type_):
            raise _NotCoveredError
        if isinstance(type_, GraphQLList):
            items = self._column(type_.of_type, nodes)
            column = items and _lists(items)
        elif is_leaf_type(type_):
            column = self._once(_leaves, type_, [])
        else:
            selection = self._once(self._selection, type_, nodes)
            column = None if isinstance(selection, tuple) else selection
        return column if required or column is None else _nullable(column)

    def _complete(self, type_: GraphQLOutputType, nodes: list[FieldNode]) -> Complete:
        if column := self._column(type_, nodes):
            return _plain(type_, nodes, column)
        if isinstance(type_, GraphQLNonNull):
            return _required(self._complete(type_.of_type, nodes))
        if isinstance(type_, GraphQLList):
            return _items(type_, nodes, self._complete(type_.of_type, nodes))
        return _object(type_, nodes, self._once(self._selection, type_, nodes))


# Fields that resolvers answer, and what is not plain below them: as graphql-core does it


def _resolved_field(place: _Place, complete: Complete) -> Execute:
    parent, key, nodes, field = place.parent, place.key, place.nodes, place.field
    resolve = field.resolve or default_field_resolver
    static = _static_arguments(field, nodes[0])

    def execute(context: ExecutionContext, source: Any, above: Path | None) -> Any:
        path = Path(above, key, parent.name)
        info = context.build_resolve_info(field, nodes.copy(), parent, path)
        try:
            arguments = static
            if arguments is None:
                arguments = get_argument_values(field, nodes[0], context.variable_values)
            return complete(context, info, path, resolve(source, info, **arguments))
        except Exception as error:  # noqa: BLE001  as graphql-core's execute_field
            located = located_error(error, nodes, path.as_list())
            return context.handle_field_error(located, field.type, path)

    return execute


def _plain_field(place: _Place) -> Execute:
    parent, key, nodes = place.parent, place.key, place.nodes
    read, column = place.read, place.column

    def execute(context: ExecutionContext, source: Any, above: Path | None) -> Any:
        try:
            return column(read(source.__class__, [source]))[0]
        except Exception:  # noqa: BLE001  graphql-core meets it again, and words it
            path = Path(above, key, parent.name)
        return context.execute_field(parent, source, nodes.copy(), path)

    return execute


def _plain(type_: GraphQLOutputType, nodes: list[FieldNode], column: Column) -> Complete:
    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        with suppress(Exception):  # graphql-core meets it again, and words it
            return column([value])[0]
        return context.complete_value(type_, nodes, info, path, value)

    return complete


def _required(complete_nullable: Complete) -> Complete:
    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        done = complete_nullable(context, info, path, value)
        if done is None:
            place = f"{info.parent_type.name}.{info.field_name}"
            raise TypeError(f"Cannot return null for non-nullable field {place}.")
        return done

    return complete


def _items(type_: GraphQLList, nodes: list[FieldNode], complete_item: Complete) -> Complete:
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


def _object(type_: GraphQLObjectType, nodes: list[FieldNode], fields: Fields) -> Complete:
    def complete(context: ExecutionContext, info: Any, path: Path, value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        if value is None:
            return None
        if type_.is_type_of and not type_.is_type_of(value, info):
            raise invalid_return_type_error(type_, value, nodes)
        return {key: execute(context, value, path) for key, execute in fields}

    return complete


def _static_arguments(field: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    """The arguments, when no run can change them or their values; None to coerce them in each."""
    if any("$" in print_ast(argument) for argument in node.arguments):
        return None
    with suppress(Exception):  # what is wrong with them comes again in the run
        values = get_argument_values(field, node)
        if all(isinstance(value, CONSTANT) for value in values.values()):
            return values
    return None


def _is_asynchronous(resolve: Callable | None) -> bool:
    function = unwrap(resolve)
    return iscoroutinefunction(function) or isasyncgenfunction(function)


# Plain fields, in columns


def _reader(name: str, field: GraphQLField) -> Read | None:
    """How the field's default resolver reads it; None when its resolver is another."""
    if field.args:
        return None
    if field.resolve is None:
        return _uncalled(_member(name, None, Mapping))
    if isinstance(field.resolve, partial) and field.resolve.func is dict_or_attr_resolver:
        return _member(*field.resolve.args, dict)
    return None


def _read_typename(parent: GraphQLObjectType) -> Read:
    return lambda _kind, sources: [parent.name] * len(sources)


def _member(name: str, default: Any, mapping: type) -> Read:
    get = attrgetter(name)

    def read(kind: type, sources: list) -> list:
        if issubclass(kind, mapping):
            return [source.get(name, default) for source in sources]
        try:
            return list(map(get, sources))
        except AttributeError:
            return [getattr(source, name, default) for source in sources]

    return read


def _uncalled(read: Read) -> Read:
    """graphql-core's default resolver calls what it reads: methods are not for columns."""

    def read_values(kind: type, sources: list) -> list:
        values = read(kind, sources)
        if any(map(callable, values)):
            raise _IrregularError
        return values

    return read_values


def _objects(places: list[_Place]) -> Column:
    fields = [(place.key, place.read, place.column) for place in places]
    empty = dict.fromkeys(place.key for place in places)

    def objects(sources: list) -> list:
        kinds = {source.__class__ for source in sources}
        if len(kinds) != 1:
            return [objects([source])[0] for source in sources]
        kind = kinds.pop()
        if issubclass(kind, UNUSABLE):
            raise _IrregularError
        rows = [empty.copy() for _ in sources]
        for key, read, column in fields:
            for row, value in zip(rows, column(read(kind, sources)), strict=True):
                row[key] = value
        return rows

    return objects


def _lists(column: Column) -> Column:
    def lists(values: list) -> list:
        if not SEQUENCES.issuperset(map(type, values)):
            values = [_sequence(value) for value in values]
        done = column(list(chain.from_iterable(values)))
        if len(values) == 1:
            return [done]
        ends = accumulate(map(len, values), initial=0)
        return [done[start:end] for start, end in pairwise(ends)]

    return lists


def _sequence(value: Any) -> list:
    if not isinstance(value, list | tuple):
        raise _IrregularError  # graphql-core takes more, such as what can be read but once
    return list(value)


def _nullable(column: Column) -> Column:
    def nullable(values: list) -> list:
        present = [value for value in values if value is not None]
        if len(present) == len(values):
            return column(values)
        done = iter(column(present))
        return [None if value is None else next(done) for value in values]

    return nullable


def _leaves(type_: GraphQLOutputType, _nodes: list[FieldNode]) -> Column:
    serialize = type_.serialize
    shortcuts = _shortcuts(type_)

    def leaves(values: list) -> list:
        kinds = set(map(type, values))
        for usual, convert in shortcuts:
            if usual.issuperset(kinds):
                return convert(values)
        if any(isinstance(value, UNUSABLE) for value in values):
            raise _IrregularError
        done = list(map(serialize, values))
        if any(value is None or value is Undefined for value in done):
            raise _IrregularError
        return done

    return leaves


def _shortcuts(type_: GraphQLOutputType) -> list[tuple[frozenset[type], Column]]:
    """The usual Python types of a leaf's values, and what `serialize` makes of these."""
    if type(type_) in (GraphQLEnumType, GrapheneEnumType):
        names = _enum_names(type_)
        return [(frozenset(map(type, names)), lambda values: [names[value] for value in values])]
    return [
        (frozenset((usual,)), convert)
        for serialize, usual, convert in SHORTCUTS
        if type_.serialize is serialize
    ]


def _enum_names(type_: GraphQLEnumType) -> dict[str | Enum, str]:
    """What an enum serialises its members to, and the texts that stand for them."""
    members = [value.value for value in type_.values.values()]
    texts = [member.value for member in members if isinstance(member, Enum)]
    names = {}
    for value in (*type_.values, *texts, *members):
        if isinstance(value, Enum) or type(value) is str:
            with suppress(Exception):  # it stands for none
                names[value] = type_.serialize(value)
    return names


SHORTCUTS = (
    (GraphQLString.serialize, str, lambda values: values),
    (GraphQLID.serialize, str, lambda values: values),
    (GraphQLID.serialize, ObjectId, lambda values: [value.binary.hex() for value in values]),
    (GraphQLBoolean.serialize, bool, lambda values: values),
    (graphene.DateTime.serialize, datetime, lambda values: list(map(datetime.isoformat, values))),
)
