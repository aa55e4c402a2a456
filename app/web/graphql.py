"""The endpoint: GraphQL over HTTP. Media types, the body, the caller, the answer."""

import json
from collections.abc import Mapping
from typing import Any

import graphene
from flask import Response, redirect, request, url_for
from flask.views import View
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotAcceptable, UnsupportedMediaType

from app.web.callers import caller_of
from app.web.hardening import json_body
from app.web.logs import request_id
from schema.execution import Context, Executor, Parameters, RequestError, presented

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"


class GraphQLView(View):
    """``GraphQLView.as_view("graphql", schema=schema)``, as flask-graphql had it.

    Follows the GraphQL-over-HTTP specification: queries by GET or POST, mutations by POST, JSON
    bodies, and the status that the negotiated media type asks for.
    """

    methods = ["GET", "POST"]
    init_every_request = False

    def __init__(
        self, schema: graphene.Schema, *, graphiql: bool = False, hide_suggestions: bool = True
    ) -> None:
        self._executor = Executor(schema, hide_suggestions=hide_suggestions)
        self._graphiql = graphiql

    def dispatch_request(self) -> Response:
        """The answer to one request. Raises werkzeug's HTTP errors: 400, 405, 406, 413, 415."""
        if self._graphiql and _opened_in_a_browser():
            return redirect(url_for("graphiql.page"))
        media_type = _media_type()
        return self._answer(_parameters(), media_type)

    def _answer(self, parameters: Parameters, media_type: str) -> Response:
        context = Context(caller_of(request), request_id())
        try:
            operation = self._executor.operation(parameters)
            if request.method != "POST" and not operation.is_query:
                raise MethodNotAllowed(["POST"])
            answer, status = self._executor.run(operation, parameters, context), 200
        except RequestError as refused:
            answer = {"errors": presented(refused.errors, context)}
            status = 400 if media_type == GRAPHQL else 200
        response = Response(json_body(answer), status, content_type=f"{media_type}; charset=utf-8")
        response.vary.update(["Accept", "Accept-Language", "Authorization"])
        return response


def _media_type() -> str:
    """The media type of the answer. A request that asks for none gets GraphQL's own."""
    if not request.accept_mimetypes:
        return GRAPHQL
    spellings = [
        f"{name}{charset}" for charset in ("", "; charset=utf-8") for name in (GRAPHQL, JSON)
    ]
    media_type = request.accept_mimetypes.best_match(spellings)
    if media_type is None:
        raise NotAcceptable
    return media_type.partition(";")[0]


def _opened_in_a_browser() -> bool:
    return (
        request.method == "GET"
        and "query" not in request.args
        and request.accept_mimetypes.best_match([GRAPHQL, JSON, HTML]) == HTML
    )


def _parameters() -> Parameters:
    """The request's parameters, of the right types. Raises BadRequest, UnsupportedMediaType."""
    given = _from_body() if request.method == "POST" else _from_url()
    query, variables = given.get("query"), given.get("variables")
    operation_name, extensions = given.get("operationName"), given.get("extensions")
    if not isinstance(query, str) or not query:
        raise BadRequest
    if not all(part is None or isinstance(part, dict) for part in (variables, extensions)):
        raise BadRequest
    if not isinstance(operation_name, str | None):
        raise BadRequest
    return Parameters(query, variables, operation_name or None)


def _from_body() -> Mapping[str, Any]:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != JSON or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType
    body = _json(request.get_data())
    if not isinstance(body, dict):
        raise BadRequest
    return body


def _from_url() -> Mapping[str, Any]:
    given: dict[str, Any] = request.args.to_dict()
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _json(given[name])
        else:
            given.pop(name, None)
    return given


def _json(text: bytes | str) -> Any:
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(decoded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
