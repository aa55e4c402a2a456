"""One run: a known document, its operation, its variables, execution, errors presented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import graphene
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
)
from graphql.execution import get_variable_values

from app.accounts.caller import Caller
from app.errors import AccountError, ErrorReason
from schema.documents import DocumentCache
from schema.errors import masked, present
from schema.faults import variable_faults


@dataclass(frozen=True)
class Parameters:
    """What a request asks for, as GraphQL over HTTP names it; their types have been checked."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None


@dataclass
class Context:
    """What resolvers know of a request. `caller` is proved by the guard, where it is needed."""

    caller: Caller
    request_id: str


@dataclass(frozen=True)
class Operation:
    """An operation of a valid document, ready to run."""

    document: DocumentNode
    node: OperationDefinitionNode

    @property
    def is_query(self) -> bool:
        """Whether running it changes nothing."""
        return self.node.operation is OperationType.QUERY


class RequestError(Exception):
    """The request was refused before anything ran (GraphQL's "request error")."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


class Executor:
    """Runs the operations of one schema. Safe to share among threads."""

    def __init__(self, schema: graphene.Schema, *, hide_suggestions: bool = True) -> None:
        self._schema = schema.graphql_schema
        self._documents = DocumentCache(self._schema, hide_suggestions=hide_suggestions)

    def operation(self, parameters: Parameters) -> Operation:
        """The operation asked for. Raises RequestError: syntax, validity, no such operation."""
        known = self._documents.get(parameters.query)
        if known.refusals:
            raise RequestError(*known.refusals)
        node = get_operation_ast(known.document, parameters.operation_name)
        if node is None or self._schema.get_root_type(node.operation) is None:
            raise RequestError(_refused(ErrorReason.INVALID_OPERATION))
        return Operation(known.document, node)

    def run(self, operation: Operation, parameters: Parameters, context: Context) -> dict[str, Any]:
        """The response: data, and what went wrong in the caller's language.

        Raises RequestError when the variables do not fit; then nothing ran.
        """
        variables = dict(parameters.variables or {})
        definitions = operation.node.variable_definitions
        if isinstance(get_variable_values(self._schema, definitions, variables), list):
            faults = variable_faults(self._schema, operation.node, variables)
            raise RequestError(_refused(ErrorReason.INVALID_DATA, faults))
        result = self._execute(operation, parameters, variables, context)
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response["errors"] = presented(result.errors, context)
        return response

    def _execute(
        self,
        operation: Operation,
        parameters: Parameters,
        variables: dict[str, Any],
        context: Context,
    ) -> ExecutionResult:
        try:
            return masked(
                lambda: execute(
                    self._schema,
                    operation.document,
                    context_value=context,
                    variable_values=variables,
                    operation_name=parameters.operation_name,
                ),
                request_id=context.request_id,
            )
        except AccountError as fault:
            return ExecutionResult(None, [GraphQLError("", original_error=fault)])


def presented(errors: list[GraphQLError] | tuple[GraphQLError, ...], context: Context) -> list:
    """The `errors` entry of a response, in the caller's language."""
    return [present(error, context.caller.locale, context.request_id) for error in errors]


def _refused(reason: ErrorReason, faults: list = ()) -> GraphQLError:
    return GraphQLError(reason.name, original_error=AccountError(reason, fields=faults))
