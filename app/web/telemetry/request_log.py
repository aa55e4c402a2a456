"""The request log: one line for each request. log_format.py formats other log records.

A line never holds a variable, a token, a password or a query string. The operation's name and a
request id are the only texts in it that a client chose.
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
NAME_LENGTH = 100  # characters of an operation's name that are logged


def configure(*, debug: bool, readable: bool = False) -> None:
    """Log to standard error, as JSON or in a form for people."""
    global _render
    _render = format_request if readable else _render_json
    handler = logging.StreamHandler()
    handler.setFormatter(ReadableLines() if readable else JsonLines())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_request(incoming: IncomingRequest, status: int, seconds: float) -> None:
    """Write the line of one request, in one write, so that threads do not mix their lines.

    The line does not pass through a logger: structlog's would double its cost, and the standard
    library's costs as much as answering a cached query. The method is null unless it is one of
    METHODS, and the path is the matched route, not what the client sent.
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
    with suppress(OSError):  # the log's reader has ended; requests are still answered
        os.write(STANDARD_ERROR, _render(line))


def _render_json(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


_render: Callable[[Line], bytes] = _render_json
