"""The GraphQL endpoint: media types, methods and statuses of GraphQL over HTTP."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import graphene
from flask import Response, request
from flask.views import View
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotAcceptable
from werkzeug.http import parse_accept_header

from app.errors import ErrorCode, ErrorReason
from app.web.http.graphql_parameters import read_parameters
from app.web.http.request import IncomingRequest
from app.web.http.response import JSON, HttpResponse, make_http_error, make_json_response
from app.web.http.response_headers import to_flask_response
from app.web.telemetry import tracing
from schema.context import Context
from schema.engine.execution import Parameters, RequestError
from schema.executor import build_executor

GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
DELAYED = {ErrorReason.OVERLOADED.name, ErrorReason.TOO_MANY_ATTEMPTS.name}
METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
VARY = {"Vary": "Accept, Accept-Language, Authorization"}


class Endpoint:
    """Handles GraphQL-over-HTTP requests for one schema, with or without Flask.

    Queries by GET or POST, mutations by POST, JSON bodies, and the status that the negotiated
    media type asks for: https://graphql.github.io/graphql-over-http/draft/
    """

    def __init__(
        self, schema: graphene.Schema, *, graphiql: str | None = None, **options: Any
    ) -> None:
        """graphiql: the path that browsers are redirected to. options: of `build_executor`."""
        self._executor = build_executor(schema, **options)
        self._run_operation = tracing.trace_operations(self._executor.run)
        self._graphiql = graphiql

    def __call__(self, incoming: IncomingRequest) -> HttpResponse:
        """Return the response to one request; an HTTP error becomes a JSON response."""
        try:
            return self._dispatch(incoming)
        except HTTPException as error:
            return make_http_error(incoming, error)

    def _dispatch(self, incoming: IncomingRequest) -> HttpResponse:
        if incoming.method == "OPTIONS":
            return HttpResponse(204, b"", headers={"Allow": ", ".join(METHODS)})
        if incoming.method not in METHODS:
            raise MethodNotAllowed(METHODS)
        accept = incoming.header("HTTP_ACCEPT") or ""
        if self._graphiql and _is_browser(incoming, accept):
            return HttpResponse(302, b"", headers={"Location": self._graphiql, **VARY})
        media_type = _choose_media_type(accept)
        return self._run(incoming, read_parameters(incoming), media_type)

    def _run(
        self, incoming: IncomingRequest, parameters: Parameters, media_type: str
    ) -> HttpResponse:
        context = Context(
            incoming.caller, request_id=incoming.request_id, limits=self._executor.limits
        )
        try:
            operation = self._executor.prepare(parameters)
            incoming.operation, incoming.document = operation, operation.sha256
            if incoming.method != "POST" and not operation.is_query:
                raise MethodNotAllowed(["POST"])
            content, status = self._run_operation(operation, parameters, context), 200
        except RequestError as error:
            content = {"errors": self._executor.present_errors(error.errors, context)}
            status = _status_of(content["errors"], media_type)
            incoming.document = incoming.document or error.sha256
        _record_outcome(incoming, content, context)
        return make_json_response(
            content,
            status,
            media_type=f"{media_type}; charset=utf-8",
            headers=VARY,
            delay_seconds=_delay_seconds(content.get("errors", ())),
        )


def _delay_seconds(errors: Sequence[dict[str, Any]]) -> float:
    """Delay throttled responses by a second: a client may ignore `retryAfter` and retry at once."""
    return float(any(error["extensions"]["reason"] in DELAYED for error in errors))


def _status_of(errors: list[dict[str, Any]], media_type: str) -> int:
    """Return the status of a request that was refused before it ran."""
    if errors[0]["extensions"]["code"] == ErrorCode.SERVICE_UNAVAILABLE.name:
        return 503  # a hash was sent without its document, and the database is away
    return 400 if media_type == GRAPHQL else 200


class GraphQLView(View):
    """The endpoint as a Flask view: ``GraphQLView.as_view("graphql", schema=schema)``."""

    methods = METHODS
    provide_automatic_options = False
    init_every_request = False

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def dispatch_request(self) -> Response:
        """Return the response to Flask's current request."""
        incoming = IncomingRequest.from_environ(request.environ)
        return to_flask_response(self._endpoint(incoming))


def _record_outcome(incoming: IncomingRequest, content: dict[str, Any], context: Context) -> None:
    """Keep what the log and the metrics need of a request that ran."""
    incoming.user_id = context.account_id
    if "errors" in content:
        incoming.outcomes = tuple(error["extensions"]["reason"] for error in content["errors"])


@lru_cache(maxsize=256)
def _choose_media_type(accept: str) -> str:
    """Return the response's media type: JSON, or GraphQL's own where Accept names it."""
    if not accept.strip():
        return JSON
    named = GRAPHQL in accept.lower()
    ours = (GRAPHQL, JSON) if named else (JSON, GRAPHQL)
    spellings = [f"{name}{end}" for end in ("", "; charset=utf-8") for name in ours]
    media_type = parse_accept_header(accept, MIMEAccept).best_match(spellings)
    if media_type is None:
        raise NotAcceptable
    return media_type.partition(";")[0]


def _is_browser(incoming: IncomingRequest, accept: str) -> bool:
    return (
        incoming.method == "GET"
        and HTML in accept
        and not incoming.header("QUERY_STRING")
        and parse_accept_header(accept, MIMEAccept).best_match([GRAPHQL, JSON, HTML]) == HTML
    )
