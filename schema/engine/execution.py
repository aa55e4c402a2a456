"""One run: a known document, its operation, its variables, execution, errors presented."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import monotonic
from typing import Any

import graphene
from bson import ObjectId
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
)
from graphql.execution import get_variable_values

from app.accounts.authenticate import authenticate
from app.accounts.caller import Caller
from app.config import current
from app.errors import AccountError, ErrorReason
from app.settings_form import Limits
from schema.engine.compiled import CompiledOperation, compile_operation
from schema.engine.cost import VariableCost
from schema.engine.documents import DocumentCache, KnownDocument
from schema.engine.errors import hide_unexpected_errors, present
from schema.engine.input_errors import variable_faults
from schema.engine.limits import refuse_deep
from schema.engine.persisted import AutomaticOperations, TrustedOperations, sha256_of

HASH = 16  # hexadecimal digits of a document's hash that tell it from others


@dataclass(frozen=True)
class Parameters:
    """What a request asks for, as GraphQL over HTTP names it; their types have been checked.

    `sha256` names the document, beside its text or in its place; beside, it has been checked too.
    """

    query: str | None
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    sha256: str | None = None


@dataclass
class Context:
    """What resolvers know of a request. `caller` is proved by the guard, where it is needed.

    limits, started: the guard starts no field once the seconds of a request have passed.
    """

    caller: Caller
    request_id: str
    limits: Limits = Limits()  # noqa: RUF009  frozen
    started: float = field(default_factory=monotonic)
    refusal: AccountError | None = None  # the last one of a caller whom nothing proved
    proved_id: ObjectId | None = None  # the account first proved, whoever a later field speaks for

    def prove_caller(self) -> None:
        """Know `caller` by what the access token proves. Raises AccountError: see `authenticate`.

        Whom the database did not let us prove is not asked for again: one wait is enough.
        """
        if self.refusal and self.refusal.reason is ErrorReason.DATABASE_UNAVAILABLE:
            raise self.refusal
        try:
            self.caller = authenticate(self.caller)
        except AccountError as refusal:
            self.refusal = refusal
            raise
        if self.proved_id is None:
            self.proved_id = self.caller.user.id

    @property
    def locale(self) -> str:
        """The language of what is said: the request's, else the signed-in account's, else ours."""
        caller = self.caller
        if not caller.accepted_locale and caller.user is None and caller.access_token:
            with suppress(AccountError):  # what is wrong with the token is told where it matters
                if not self.refusal:
                    self.prove_caller()
            if self.caller.user is None:
                self.caller = replace(caller, accepted_locale=current().default_locale)
        return self.caller.locale


@dataclass(frozen=True)
class Operation:
    """An operation of a valid document, ready to run. `sha256` begins its document's hash."""

    document: DocumentNode
    node: OperationDefinitionNode
    sha256: str
    cost: VariableCost | None = None
    compiled: CompiledOperation | None = None  # None: graphql-core runs it

    @property
    def is_query(self) -> bool:
        """Whether running it changes nothing."""
        return self.node.operation is OperationType.QUERY

    @cached_property
    def name(self) -> str | None:
        """Its name: whatever its client chose, as far as GraphQL allows."""
        return self.node.name.value if self.node.name else None

    @cached_property
    def kind(self) -> str:
        """query or mutation."""
        return self.node.operation.value


class RequestError(Exception):
    """The request was refused before anything ran (GraphQL's "request error").

    sha256: the beginning of its document's hash, where it was the document that was refused.
    """

    def __init__(self, *errors: GraphQLError, sha256: str | None = None) -> None:
        super().__init__(*errors)
        self.errors = errors
        self.sha256 = sha256


class Executor:
    """Runs the operations of one schema. Safe to share among threads."""

    def __init__(
        self,
        schema: graphene.Schema,
        *,
        limits: Limits | None = None,
        introspection: bool = False,
        trusted: dict[str, str] | None = None,
    ) -> None:
        """`introspection`: whether documents may ask for the schema, and refusals suggest names;
        `trusted`: the only documents to run, by their hash; None runs any."""
        self._schema = schema.graphql_schema
        self._persisted = AutomaticOperations() if trusted is None else TrustedOperations(trusted)
        self.limits = limits or Limits()
        self._documents = DocumentCache(
            self._schema, limits=self.limits, introspection=introspection
        )

    def operation(self, parameters: Parameters) -> Operation:
        """The operation asked for. Raises RequestError: syntax, validity, no such operation."""
        text = None
        try:
            text = self._persisted.text_of(parameters.query, parameters.sha256)
            known = self._documents.get(text)
            if known.refusals:
                raise RequestError(*known.refusals, sha256=_beginning(text))
            operation = known.operations.get(parameters.operation_name)
            if operation is None:
                operation = self._choose(known, text, parameters.operation_name)
            self._persisted.keep(parameters.query, parameters.sha256)
        except AccountError as fault:
            sha256 = _beginning(text) if text else parameters.sha256 and parameters.sha256[:HASH]
            refusal = GraphQLError("", original_error=fault)
            raise RequestError(refusal, sha256=sha256) from None
        return operation

    def run(self, operation: Operation, parameters: Parameters, context: Context) -> dict[str, Any]:
        """The response: data, and what went wrong in the caller's language.

        Raises RequestError when the variables do not fit or ask for too much; then nothing ran.
        """
        try:
            variables = self._coerced(dict(parameters.variables or {}), operation)
        except AccountError as fault:
            raise RequestError(GraphQLError("", original_error=fault)) from None
        try:
            result = hide_unexpected_errors(
                self._execute,
                operation,
                parameters,
                variables,
                context,
                request_id=context.request_id,
            )
        except AccountError as fault:
            result = ExecutionResult(None, [GraphQLError("", original_error=fault)])
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response["errors"] = present_errors(result.errors[: self.limits.max_errors], context)
        return response

    def _choose(self, known: KnownDocument, text: str, name: str | None) -> Operation:
        """An operation of a document, compiled now and kept with it."""
        node = get_operation_ast(known.document, name)
        if node is None or self._schema.get_root_type(node.operation) is None:
            raise AccountError(ErrorReason.INVALID_OPERATION)
        operation = Operation(
            known.document,
            node,
            _beginning(text),
            known.costs.get(node.name.value if node.name else None),
            compile_operation(self._schema, known.document, node),
        )
        known.operations[name] = operation
        return operation

    def _coerced(self, variables: dict[str, Any], operation: Operation) -> dict[str, Any]:
        if variables:
            refuse_deep(variables, self.limits)
        definitions = operation.node.variable_definitions
        if not definitions:
            return {}
        # one fault is enough to know: each of graphql-core's repeats the whole input in its text
        coerced = get_variable_values(self._schema, definitions, variables, max_errors=1)
        if isinstance(coerced, list):
            faults = variable_faults(self._schema, operation.node, variables)
            raise AccountError(ErrorReason.INVALID_DATA, fields=faults)
        if operation.cost:
            operation.cost.refuse_excess(coerced)
        return coerced

    def _execute(
        self,
        operation: Operation,
        parameters: Parameters,
        variables: dict[str, Any],
        context: Context,
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


def _beginning(text: str) -> str:
    return sha256_of(text)[:HASH]


def present_errors(errors: list[GraphQLError] | tuple[GraphQLError, ...], context: Context) -> list:
    """The `errors` entry of a response, in the caller's language."""
    return [present(error, context.locale, context.request_id) for error in errors]
