"""Prepares and runs one operation of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
)
from graphql.execution import get_variable_values

from schema.engine.compiled import CompiledOperation, compile_operation
from schema.engine.context import RequestContext
from schema.engine.cost import VariableCost
from schema.engine.document_limits import check_variable_depth
from schema.engine.documents import CachedDocument, DocumentCache
from schema.engine.errors import EngineError, EngineReason, hide_unexpected_errors
from schema.engine.input_errors import find_variable_errors
from schema.engine.limits import Limits
from schema.engine.options import Options
from schema.engine.persisted import hash_text
from schema.engine.presentation import ErrorEntry, present

HASH_DIGITS = 16  # hexadecimal digits of a document's hash that identify it in logs


@dataclass(frozen=True)
class Parameters:
    """The parameters of a request, as GraphQL over HTTP names them. Their types must be checked.

    sha256: the hash of the document, beside `query` or in its place; beside it, it must match.
    """

    query: str | None
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Operation:
    """An operation of a valid document, ready to run.

    sha256: the first digits of the document's hash.
    cost: set when the operation's cost depends on its variables.
    compiled: None when graphql-core's executor runs the operation.
    """

    document: DocumentNode
    node: OperationDefinitionNode
    sha256: str
    cost: VariableCost | None = None
    compiled: CompiledOperation | None = None

    @property
    def is_query(self) -> bool:
        """Whether it is a query, which changes nothing."""
        return self.node.operation is OperationType.QUERY

    @cached_property
    def name(self) -> str | None:
        """The name that the client gave it."""
        return self.node.name.value if self.node.name else None

    @cached_property
    def kind(self) -> str:
        """query or mutation."""
        return self.node.operation.value


class RequestError(Exception):
    """The request was refused before anything ran (GraphQL's "request error").

    sha256: the first digits of the document's hash, when the document itself was refused.
    """

    def __init__(self, *errors: GraphQLError, sha256: str | None = None) -> None:
        super().__init__(*errors)
        self.errors = errors
        self.sha256 = sha256


class Executor:
    """Runs the operations of one schema. Safe to share among threads."""

    def __init__(self, schema: GraphQLSchema, options: Options | None = None) -> None:
        self._schema = schema
        self._options = options or Options()
        self._documents = DocumentCache(schema, self._options)
        self._known = self._options.presentation.known
        self._expected: tuple[type[Exception], ...] = (EngineError, *self._known)

    @property
    def limits(self) -> Limits:
        """The limits of each request."""
        return self._options.limits

    def prepare(self, parameters: Parameters) -> Operation:
        """Return the operation asked for.

        Raises RequestError: the document is unknown or invalid, or has no such operation.
        """
        text, persisted = None, self._options.persisted
        try:
            text = persisted.find_text(parameters.query, parameters.sha256)
            document = self._documents.get(text)
            if document.errors:
                raise RequestError(*document.errors, sha256=_short_hash(text))
            operation = document.operations.get(parameters.operation_name)
            if operation is None:
                operation = self._compile(document, text, parameters.operation_name)
            persisted.keep(parameters.query, parameters.sha256)
        except self._expected as error:
            given = parameters.sha256 and parameters.sha256[:HASH_DIGITS]
            sha256 = _short_hash(text) if text else given
            refusal = GraphQLError("", original_error=error)
            raise RequestError(refusal, sha256=sha256) from None
        return operation

    def run(
        self, operation: Operation, parameters: Parameters, context: RequestContext
    ) -> dict[str, Any]:
        """Run an operation and return the response: `data`, and `errors` if there are any.

        Raises RequestError when the variables are invalid or exceed a limit; then nothing ran.
        """
        try:
            variables = self._coerce(dict(parameters.variables or {}), operation)
        except EngineError as error:
            raise RequestError(GraphQLError("", original_error=error)) from None
        try:
            result = hide_unexpected_errors(
                self._execute,
                operation,
                parameters,
                variables,
                context,
                known=self._known,
                request_id=context.request_id,
            )
        except self._expected as error:
            result = ExecutionResult(None, [GraphQLError("", original_error=error)])
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            first = result.errors[: self.limits.max_errors]
            response["errors"] = self.present_errors(first, context)
        return response

    def present_errors(
        self, errors: Sequence[GraphQLError], context: RequestContext
    ) -> list[ErrorEntry]:
        """Build the `errors` entry of a response."""
        presentation = self._options.presentation
        return [present(error, context, presentation) for error in errors]

    def _compile(self, document: CachedDocument, text: str, name: str | None) -> Operation:
        """Make an operation of a document ready to run, and keep it with the document."""
        tree = document.document
        node = get_operation_ast(tree, name) if tree else None
        if tree is None or node is None or self._schema.get_root_type(node.operation) is None:
            raise EngineError(EngineReason.INVALID_OPERATION)
        compiled = None
        if self._options.compiled:
            compiled = compile_operation(self._schema, tree, node, self._options.leaf_shortcuts)
        cost = document.costs.get(node.name.value if node.name else None)
        operation = Operation(tree, node, _short_hash(text), cost, compiled)
        document.operations[name] = operation
        return operation

    def _coerce(self, variables: dict[str, Any], operation: Operation) -> dict[str, Any]:
        if variables:
            check_variable_depth(variables, self.limits)
        definitions = operation.node.variable_definitions
        if not definitions:
            return {}
        # one error is enough here: each of graphql-core's repeats the whole input in its text
        coerced = get_variable_values(self._schema, definitions, variables, max_errors=1)
        if isinstance(coerced, list):
            errors = find_variable_errors(self._schema, operation.node, variables)
            raise EngineError(EngineReason.INVALID_DATA, fields=errors)
        if operation.cost:
            operation.cost.check(coerced)
        return coerced

    def _execute(
        self,
        operation: Operation,
        parameters: Parameters,
        variables: dict[str, Any],
        context: RequestContext,
    ) -> ExecutionResult:
        if operation.compiled:
            return operation.compiled.run(context, variables)
        return execute_sync(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=dict(parameters.variables or {}),
            operation_name=parameters.operation_name,
        )


def _short_hash(text: str) -> str:
    return hash_text(text)[:HASH_DIGITS]
