"""Responses: JSON, whatever the path, method and status."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from werkzeug.exceptions import HTTPException

from app.config import current
from app.errors import AccountError, ErrorReason
from app.web.http.request import IncomingRequest
from schema.error_presentation import build_entry

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A status, a body and the response's own headers.

    delay_seconds: how long the server waits before it sends the response, if it can wait without
    occupying a thread.
    """

    status: int
    body: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0


def make_json_response(content: Any, status: int = 200, **others: Any) -> HttpResponse:
    """Return `content` as JSON in UTF-8. others: further fields of HttpResponse."""
    return HttpResponse(status, orjson.dumps(content), **others)


def make_error_response(
    incoming: IncomingRequest, error: AccountError, status: int, **headers: str
) -> HttpResponse:
    """Return an error that occurred outside GraphQL, in the form of GraphQL's errors."""
    incoming.outcomes = (error.reason.name,)
    entry = build_entry(error, incoming.caller.locale, incoming.request_id)
    return make_json_response({"errors": [entry]}, status, headers=headers)


def make_http_error(incoming: IncomingRequest, error: HTTPException) -> HttpResponse:
    """Return one of werkzeug's errors (400, 404, 405, 406, 413, 415, ...) as JSON."""
    account_error = AccountError(ErrorReason.MALFORMED_REQUEST)
    if error.code == 404:
        account_error = AccountError(ErrorReason.DOES_NOT_EXIST, resource="page")
    if error.code == 413:
        most = current().limits.max_body_bytes
        account_error = AccountError(ErrorReason.MALFORMED_REQUEST, limit=("body bytes", most))
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return make_error_response(incoming, account_error, error.code or 500, **headers)
