"""Logs: one line a request; other log records are formatted by log_format.py.

Never a variable, a token, a password, a query string, nor any other text of a client's but the
name of its operation.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress

import orjson

from app.clock import now
from app.events import OK
from app.models.connection import query_count
from app.web.http.request import IncomingRequest
from app.web.telemetry.log_format import JsonLines, Line, ReadableLines
from app.web.telemetry.readable_request import format_request

STANDARD_ERROR = 2
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NAME_LENGTH = 100  # characters told of an operation's name


def configure(*, debug: bool, readable: bool = False) -> None:
    """Log to standard error: JSON, or what a person reads at a terminal."""
    global _rendered
    _rendered = format_request if readable else _as_json
    handler = logging.StreamHandler()
    handler.setFormatter(ReadableLines() if readable else JsonLines())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def note(incoming: IncomingRequest, status: int, seconds: float) -> None:
    """One line a request, in one write: threads cannot mix theirs, and JSON forges no line.

    JSON is written as it is: structlog's own loggers would double what the line costs, and the
    standard library's cost as much as answering a cached query. The path and the method are told
    where they are of ours; elsewhere they are whatever a client typed.
    """
    questions, database_seconds = query_count()
    line = {
        "at": now(),
        "event": "request",
        "request_id": incoming.request_id,
        "method": incoming.method if incoming.method in METHODS else None,
        "path": incoming.route,
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "outcomes": incoming.outcomes or (OK,),
        "database_questions": questions,
        "database_milliseconds": round(database_seconds * 1000, 2),
    }
    operation = incoming.operation
    if operation is not None:
        line["operation"] = operation.name and operation.name[:NAME_LENGTH]
        line["type"] = operation.kind
    if incoming.document is not None:
        line["document"] = incoming.document
    if incoming.user_id is not None:
        line["user_id"] = incoming.user_id.binary.hex()
    if incoming.trace_id is not None:
        line["trace_id"] = incoming.trace_id
    with suppress(OSError):  # whoever reads the log has gone: requests are answered all the same
        os.write(STANDARD_ERROR, _rendered(line))


def _as_json(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


_rendered: Callable[[Line], bytes] = _as_json
