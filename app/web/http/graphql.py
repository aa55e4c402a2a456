"""The endpoint: GraphQL over HTTP. Media types, the body, the caller, the answer."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import graphene
import orjson
from flask import Response, request
from flask.views import View
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
)
from werkzeug.http import parse_accept_header, parse_options_header

from app.errors import ErrorCode, ErrorReason
from app.web.http.request import IncomingRequest
from app.web.http.response import JSON, Answer, http_error, json_answer
from app.web.http.response_headers import flask_response
from app.web.telemetry import tracing
from schema.context import Context
from schema.engine.execution import Parameters, RequestError
from schema.engine.persisted import hash_text
from schema.executor import build_executor

GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
SLOWED_DOWN = {ErrorReason.OVERLOADED.name, ErrorReason.TOO_MANY_ATTEMPTS.name}
METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
VARY = {"Vary": "Accept, Accept-Language, Authorization"}


class Endpoint:
    """Answers GraphQL-over-HTTP requests for one schema, whoever carries them here.

    Queries by GET or POST, mutations by POST, JSON bodies, and the status that the negotiated
    media type asks for: https://graphql.github.io/graphql-over-http/draft/
    """

    def __init__(
        self, schema: graphene.Schema, *, graphiql: str | None = None, **options: Any
    ) -> None:
        """graphiql: the path to send browsers to, if there is one. options: of `build_executor`."""
        self._executor = build_executor(schema, **options)
        self._run_operation = tracing.around_operation(self._executor.run)
        self._graphiql = graphiql

    def __call__(self, incoming: IncomingRequest) -> Answer:
        """The answer to one request, refusals of HTTP's own included."""
        try:
            return self._dispatch(incoming)
        except HTTPException as error:
            return http_error(incoming, error)

    def _dispatch(self, incoming: IncomingRequest) -> Answer:
        if incoming.method == "OPTIONS":
            return Answer(204, b"", headers={"Allow": ", ".join(METHODS)})
        if incoming.method not in METHODS:
            raise MethodNotAllowed(METHODS)
        accept = incoming.header("HTTP_ACCEPT") or ""
        if self._graphiql and _opened_in_a_browser(incoming, accept):
            return Answer(302, b"", headers={"Location": self._graphiql, **VARY})
        media_type = _media_type(accept)
        return self._run(incoming, _parameters(incoming), media_type)

    def _run(self, incoming: IncomingRequest, parameters: Parameters, media_type: str) -> Answer:
        context = Context(
            incoming.caller, request_id=incoming.request_id, limits=self._executor.limits
        )
        try:
            operation = self._executor.prepare(parameters)
            incoming.operation, incoming.document = operation, operation.sha256
            if incoming.method != "POST" and not operation.is_query:
                raise MethodNotAllowed(["POST"])
            content, status = self._run_operation(operation, parameters, context), 200
        except RequestError as refused:
            content = {"errors": self._executor.present_errors(refused.errors, context)}
            status = _status_of(content["errors"], media_type)
            incoming.document = incoming.document or refused.sha256
        _note(incoming, content, context)
        return json_answer(
            content,
            status,
            media_type=f"{media_type}; charset=utf-8",
            headers=VARY,
            held=_held(content.get("errors", ())),
        )


def _held(errors: Sequence[dict]) -> float:
    """Whoever is told to slow down is slowed down: a client deaf to `retryAfter` cannot spin."""
    return float(any(error["extensions"]["reason"] in SLOWED_DOWN for error in errors))


def _status_of(errors: list[dict[str, Any]], media_type: str) -> int:
    """The status of a request of which nothing ran."""
    if errors[0]["extensions"]["code"] == ErrorCode.SERVICE_UNAVAILABLE.name:
        return 503  # a hash was sent without its document, and the database is away
    return 400 if media_type == GRAPHQL else 200


class GraphQLView(View):
    """``GraphQLView.as_view("graphql", schema=schema)``, as flask-graphql had it."""

    methods = METHODS
    provide_automatic_options = False
    init_every_request = False

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @classmethod
    def as_view(cls, name: str, *, schema: graphene.Schema, **options: Any) -> Any:
        """Return the view; its `endpoint` answers the same without Flask (see wsgi_dispatch.py)."""
        endpoint = Endpoint(schema, **options)
        view: Any = super().as_view(name, endpoint)
        view.endpoint = endpoint
        return view

    def dispatch_request(self) -> Response:
        """The answer to Flask's current request."""
        return flask_response(self._endpoint(IncomingRequest.of(request.environ)))


def _note(incoming: IncomingRequest, content: dict[str, Any], context: Context) -> None:
    """What is known of a request once it ran, for whoever watches."""
    incoming.user_id = context.account_id
    if "errors" in content:
        incoming.outcomes = tuple(error["extensions"]["reason"] for error in content["errors"])


@lru_cache(maxsize=256)
def _media_type(accept: str) -> str:
    """The media type of the answer: plain JSON unless GraphQL's own is asked for by name."""
    if not accept.strip():
        return JSON
    named = GRAPHQL in accept.lower()
    ours = (GRAPHQL, JSON) if named else (JSON, GRAPHQL)
    spellings = [f"{name}{end}" for end in ("", "; charset=utf-8") for name in ours]
    media_type = parse_accept_header(accept, MIMEAccept).best_match(spellings)
    if media_type is None:
        raise NotAcceptable
    return media_type.partition(";")[0]


def _opened_in_a_browser(incoming: IncomingRequest, accept: str) -> bool:
    return (
        incoming.method == "GET"
        and HTML in accept
        and not incoming.header("QUERY_STRING")
        and parse_accept_header(accept, MIMEAccept).best_match([GRAPHQL, JSON, HTML]) == HTML
    )


def _parameters(incoming: IncomingRequest) -> Parameters:
    """The request's parameters, of the right types. Raises BadRequest, UnsupportedMediaType."""
    given = _from_body(incoming) if incoming.method == "POST" else _from_url(incoming)
    query, variables = given.get("query"), given.get("variables")
    operation_name, extensions = given.get("operationName"), given.get("extensions")
    if not all(part is None or isinstance(part, dict) for part in (variables, extensions)):
        raise BadRequest
    if not isinstance(operation_name, str | None):
        raise BadRequest
    sha256 = _sha256(extensions) if extensions else None
    if (query is None and sha256 is None) or (query is not None and not isinstance(query, str)):
        raise BadRequest
    if query == "" or (sha256 and query is not None and hash_text(query) != sha256):
        raise BadRequest
    return Parameters(query, variables, operation_name or None, sha256)


def _sha256(extensions: Mapping[str, Any]) -> str | None:
    """The hash of an automatic persisted query, as Apollo Client sends it."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    sha256 = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise BadRequest
    return sha256


def _from_body(incoming: IncomingRequest) -> Mapping[str, Any]:
    if not _is_json(incoming.header("CONTENT_TYPE") or ""):
        raise UnsupportedMediaType
    body = _json(incoming.body())
    if not isinstance(body, dict):
        raise BadRequest
    return body


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    media_type, options = parse_options_header(content_type)
    return media_type.lower() == JSON and options.get("charset", "utf-8").lower() == "utf-8"


def _from_url(incoming: IncomingRequest) -> Mapping[str, Any]:
    try:
        pairs = parse_qs(incoming.header("QUERY_STRING") or "", errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequest from None
    given: dict[str, Any] = {name: values[0] for name, values in pairs.items()}
    for name in {"variables", "extensions"} & given.keys():
        given[name] = _json(given[name])
    return given


def _json(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest from None
