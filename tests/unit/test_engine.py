"""The engine without this product: a graphql-core schema, and the effect of Options."""

import logging
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, build_schema

from schema.engine.context import RequestContext
from schema.engine.errors import EngineError, EngineReason
from schema.engine.execution import Executor, Parameters, RequestError
from schema.engine.options import Options
from schema.engine.persisted import AutomaticOperations, hash_text
from schema.engine.presentation import Presentation

SDL = """
type Query { hello(name: String!): String, broken: String, refused: String }
type Mutation { add: Int, remove: Int }
"""
HELLO = "query Hello($name: String!) { hello(name: $name) }"


class RefusedError(Exception):
    """An error of the product."""


def raise_error(error: Exception) -> Any:
    raise error


def build() -> GraphQLSchema:
    schema = build_schema(SDL)
    assert schema.query_type is not None
    fields = schema.query_type.fields
    fields["hello"].resolve = lambda _source, _info, name: f"Hello, {name}"
    fields["broken"].resolve = lambda *_: raise_error(ValueError("a secret"))
    fields["refused"].resolve = lambda *_: raise_error(RefusedError("no"))
    return schema


def answer(text: str, variables: dict | None = None, **options: Any) -> dict[str, Any]:
    """Return the response of one request, or the errors that refuse it."""
    executor = Executor(build(), Options(**options))
    asked, context = Parameters(text, variables), RequestContext(request_id="r-1")
    try:
        return executor.run(executor.prepare(asked), asked, context)
    except RequestError as refused:
        return {"errors": executor.present_errors(refused.errors, context)}


def find_reasons(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["reason"] for error in response["errors"]]


@pytest.mark.parametrize("compiled", [True, False])
def test_runs_an_operation_compiled_or_not(compiled: bool) -> None:
    executor = Executor(build(), Options(compiled=compiled))
    asked = Parameters(HELLO, {"name": "Ana"})
    operation = executor.prepare(asked)
    assert (operation.compiled is not None) is compiled
    response = executor.run(operation, asked, RequestContext(request_id="r-1"))
    assert response == {"data": {"hello": "Hello, Ana"}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "SYNTAX_ERROR"),
        ("{ nobody }", "INVALID_OPERATION"),
        ("{" + "hello " * 201 + "}", "OPERATION_TOO_COMPLEX"),
        (HELLO, "INVALID_DATA"),
    ],
)
def test_writes_its_own_messages_in_english(text: str, reason: str) -> None:
    response = answer(text)
    assert find_reasons(response) == [reason]
    assert response["errors"][0]["message"] == EngineReason[reason].value


@pytest.mark.parametrize("compiled", [True, False])
def test_hides_and_logs_unknown_errors(compiled: bool, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = answer("{ broken }", compiled=compiled)
    assert response["data"] == {"broken": None}
    assert find_reasons(response) == ["EXCEPTION"]
    assert "secret" not in str(response)
    assert [record.getMessage() for record in caplog.records] == ["unexpected error in request r-1"]


def test_the_product_presents_its_own_errors() -> None:
    def word(fault: Exception, error: GraphQLError, context: RequestContext) -> dict[str, Any]:
        return {"message": f"{fault} in {context.request_id}", "extensions": {"reason": "MINE"}}

    response = answer("{ refused }", presentation=Presentation(known=(RefusedError,), word=word))
    assert response["errors"] == [
        {
            "message": "no in r-1",
            "extensions": {"reason": "MINE"},
            "locations": [{"line": 1, "column": 3}],
            "path": ["refused"],
        }
    ]


def test_a_root_mutation_has_the_limit_that_the_product_gives_it() -> None:
    limits = {"add": ("additions", 2)}
    three = "mutation { a: add b: add c: add }"
    assert "data" in answer("mutation { a: add b: add remove }", root_mutation_limits=limits)
    assert "data" in answer(three)
    assert find_reasons(answer(three, root_mutation_limits=limits)) == ["OPERATION_TOO_COMPLEX"]
    with pytest.raises(RequestError) as refused:
        Executor(build(), Options(root_mutation_limits=limits)).prepare(Parameters(three))
    (error,) = refused.value.errors
    assert isinstance(error.original_error, EngineError)
    assert error.original_error.limit == ("additions", 2)


class Store:
    """A store in memory that may be away."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.is_away = False

    def find(self, sha256: str) -> str | None:
        return self.texts.get(sha256)

    def keep(self, sha256: str, text: str) -> bool:
        if not self.is_away:
            self.texts[sha256] = text
        return not self.is_away


def test_a_document_is_stored_once_its_store_is_available_again() -> None:
    store = Store()
    operations, sha256 = AutomaticOperations(store), hash_text(HELLO)
    store.is_away = True
    operations.keep(HELLO, sha256)
    with pytest.raises(EngineError, match="PERSISTED_QUERY_NOT_FOUND"):
        operations.find_text(None, sha256)
    store.is_away = False
    operations.keep(HELLO, sha256)
    assert store.texts == {sha256: HELLO}
    assert operations.find_text(None, sha256) == HELLO
    assert AutomaticOperations(store).find_text(None, sha256) == HELLO


def test_an_invalid_document_is_not_stored() -> None:
    store = Store()
    executor = Executor(build(), Options(persisted=AutomaticOperations(store)))
    for text in ("{ nobody }", "{"):
        with pytest.raises(RequestError):
            executor.prepare(Parameters(text, sha256=hash_text(text)))
    assert store.texts == {}
    executor.prepare(Parameters(HELLO, sha256=hash_text(HELLO)))
    assert store.texts == {hash_text(HELLO): HELLO}


def test_no_field_starts_after_the_deadline() -> None:
    context = RequestContext(request_id="r-1")
    context.check_deadline()
    context.started -= context.limits.operation_seconds + 1
    with pytest.raises(EngineError) as late:
        context.check_deadline()
    assert late.value.limit == ("seconds", 10)
