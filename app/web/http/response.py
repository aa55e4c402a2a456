"""Answers: JSON, whatever the path, method and status."""

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
class Answer:
    """A status, a body and the headers that are its own.

    held: seconds until it is sent, where the carrier can wait without a thread.
    """

    status: int
    body: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    held: float = 0


def json_answer(content: Any, status: int = 200, **others: Any) -> Answer:
    """JSON in UTF-8, its accents readable."""
    return Answer(status, orjson.dumps(content), **others)


def refused(incoming: IncomingRequest, fault: AccountError, status: int, **headers: str) -> Answer:
    """What was refused outside GraphQL, in the shape of its errors."""
    incoming.outcomes = (fault.reason.name,)
    error = build_entry(fault, incoming.caller.locale, incoming.request_id)
    return json_answer({"errors": [error]}, status, headers=headers)


def http_error(incoming: IncomingRequest, error: HTTPException) -> Answer:
    """werkzeug's 400, 404, 405, 406, 413, 415 ... as JSON."""
    fault = AccountError(ErrorReason.MALFORMED_REQUEST)
    if error.code == 404:
        fault = AccountError(ErrorReason.DOES_NOT_EXIST, resource="page")
    if error.code == 413:
        most = current().limits.max_body_bytes
        fault = AccountError(ErrorReason.MALFORMED_REQUEST, limit=("body bytes", most))
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return refused(incoming, fault, error.code or 500, **headers)
