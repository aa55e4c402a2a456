"""Compiled operations: a selection becomes nested Python functions, which run instead of
graphql-core's executor. The result equals that of `graphql.execute_sync` in every detail.

A field is *plain* when its resolver only reads its source (the default resolver of Graphene or
graphql-core, no arguments) and every field below it is plain. Plain values are completed in
columns: one field of all objects of a list at a time (plain_columns.py, leaf_columns.py). When
something irregular is met there (an error, a value of an unusual type, a generator, a method), the
attempt is abandoned and graphql-core completes the same value: it alone decides what the error
looks like and which values become null. So reading an attribute and serialising a leaf must have
no side effects: they may happen twice and in another order. The same holds for parsing a literal,
which happens once for all runs. Resolvers are called once each, in graphql-core's order
(resolved_fields.py).

Not covered, and left to graphql-core (`compile_operation` returns None): subscriptions, fields of
an interface or a union, `__schema` and `__type`, resolvers that are coroutine or asynchronous
generator functions. Nothing is awaited: an awaitable that a resolver returns is a value, which its
field's type mostly refuses. There is no root value and no middleware.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.execute import CollectedErrors, assume_not_awaitable

from schema.engine.compiler import Compiler, NotCoveredError
from schema.engine.leaf_columns import LeafShortcut
from schema.engine.resolved_fields import Fields

MOST_VARIANTS = 4  # of @skip and @include; each may take as much memory as the parsed document


def compile_operation(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    leaf_shortcuts: Sequence[LeafShortcut] = (),
) -> "CompiledOperation | None":
    """Compile an operation of a valid document. Return None when it is not covered (see above)."""
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION or schema.get_root_type(kind) is None:
        return None
    compiled = CompiledOperation(schema, document, operation, leaf_shortcuts)
    return compiled if compiled.is_covered else None


class CompiledOperation:
    """An operation ready to run.

    Safe to share among threads: the variants of its @skip and @include are compiled when they are
    first needed, and nothing else changes.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        leaf_shortcuts: Sequence[LeafShortcut] = (),
    ) -> None:
        self._schema, self._operation = schema, operation
        self._leaf_shortcuts = leaf_shortcuts
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._switches = _find_switches(operation, self._fragments)
        self._variants: dict[tuple[bool, ...], Fields | None] = {}
        self.is_covered = self._find_variant(self._switches) is not None

    def run(self, context_value: Any, variables: dict[str, Any]) -> ExecutionResult:
        """Run the operation. variables: as `get_variable_values` returns them."""
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
        fields = self._find_variant(variables)
        data: Any
        try:
            if fields is None:
                data = context.execute_operation(self._operation, None)
            else:
                data = {key: execute(context, None, None) for key, execute in fields}
        except GraphQLError as error:
            context.collected_errors.add(error, None)
            data = None
        return context.build_response(data, context.collected_errors.errors)

    def _find_variant(self, variables: Mapping[str, Any]) -> Fields | None:
        """Return the fields that these variables select; None to let graphql-core select them."""
        switches: tuple[Any, ...] = tuple(map(variables.get, self._switches))
        if switches and set(map(type, switches)) != {bool}:
            return None  # a value is null or missing: graphql-core reports it
        if switches not in self._variants:
            if len(self._variants) >= MOST_VARIANTS:
                return None
            self._variants[switches] = self._compile(
                dict(zip(self._switches, switches, strict=True))
            )
        return self._variants[switches]

    def _compile(self, switches: dict[str, bool]) -> Fields | None:
        compiler = Compiler(self._schema, self._fragments, switches, self._leaf_shortcuts)
        try:
            return compiler.compile_operation(self._operation)
        except (NotCoveredError, RecursionError):
            return None


def _find_switches(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, bool]:
    """The operation's variables that @skip and @include read, with the value that selects."""
    variables = {definition.variable.name.value for definition in operation.variable_definitions}
    found = {}
    for part in (operation, *fragments.values()):
        for directive in _iterate_directives(part.selection_set):
            selects = {"include": True, "skip": False}.get(directive.name.value)
            if selects is None:
                continue
            condition = directive.arguments[0].value
            if isinstance(condition, VariableNode) and condition.name.value in variables:
                found[condition.name.value] = selects
    return found


def _iterate_directives(selection_set: SelectionSetNode) -> Iterator[DirectiveNode]:
    for node in selection_set.selections:
        yield from node.directives
        if below := getattr(node, "selection_set", None):
            yield from _iterate_directives(below)
