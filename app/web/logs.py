"""Logs: one line a request, and the rest of the product's: JSON, or readable in development.

Never a variable, a token, a password, a query string, nor any other text of a client's but the
name of its operation. Of an unforeseen error in JSON: its type and place, not its message, which
may repeat a value.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any

import orjson
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from app.clock import now
from app.models.connection import asked_so_far
from app.occurrences import OK
from app.web.incoming import Incoming

STANDARD_ERROR = 2
NAME_LENGTH = 100  # characters told of an operation's name
OUR_ROOMS = ("app.", "schema.")
MOST_PLACES = 10

Line = MutableMapping[str, Any]


def _json(line: Line, **_: Any) -> str:
    return orjson.dumps(line, default=repr).decode()


class JsonLines(ProcessorFormatter):
    """A formatter of the standard library's log records: one line of JSON each."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[_stamp, add_log_level, add_logger_name, ExtraAdder()],
            processors=[ProcessorFormatter.remove_processors_meta, _placed, JSONRenderer(_json)],
        )


class ReadableLines(ProcessorFormatter):
    """The same for a person at a terminal, with whole tracebacks."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[_stamp, add_log_level, add_logger_name, ExtraAdder()],
            processors=[ProcessorFormatter.remove_processors_meta, _console()],
        )


def configure(*, debug: bool, readable: bool = False) -> None:
    """Log to standard error: JSON, or what a person reads at a terminal."""
    global _rendered
    _rendered = _as_text(_console()) if readable else _as_json
    handler = logging.StreamHandler()
    handler.setFormatter(ReadableLines() if readable else JsonLines())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler])
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def note(incoming: Incoming, status: int, seconds: float) -> None:
    """One line a request, in one write: threads cannot mix theirs, and JSON forges no line.

    structlog's renderers make it, called as they are: its loggers would cost twice as much as the
    whole line does, and the standard library's as much as answering a cached query.
    The path is told where it is a route of ours; elsewhere it is whatever a client typed.
    """
    questions, database_seconds = asked_so_far()
    line = {
        "at": now(),
        "event": "request",
        "request_id": incoming.request_id,
        "method": incoming.method,
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
        line["user_id"] = str(incoming.user_id)
    if incoming.trace_id is not None:
        line["trace_id"] = incoming.trace_id
    with suppress(OSError):  # whoever reads the log has gone: requests are answered all the same
        os.write(STANDARD_ERROR, _rendered(line))


def _as_json(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _as_text(render: ConsoleRenderer) -> Callable[[Line], bytes]:
    def rendered(line: Line) -> bytes:
        line["at"] = line["at"].isoformat()
        return f"{render(None, 'info', line)}\n".encode()

    return rendered


_rendered: Callable[[Line], bytes] = _as_json


def _console() -> ConsoleRenderer:
    # structlog would choose a formatter that shows the values of variables
    return ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="at", exception_formatter=plain_traceback
    )


def _stamp(_logger: Any, _method: str, line: Line) -> Line:
    line["at"] = now().isoformat()
    return line


def _placed(_logger: Any, _method: str, line: Line) -> Line:
    """In place of an exception: its type, those it came from, and where in our rooms it was."""
    error = (line.pop("exc_info", None) or (None, None, None))[1]
    line.pop("stack_info", None)
    if error is not None:
        chain = list(_chain(error))
        line["exception"] = [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
        line["places"] = _places(error.__traceback__)
    return line


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _places(traceback: TracebackType | None) -> list[str]:
    """module:line of our frames, the innermost last, and of the frame that raised."""
    places = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module.startswith(OUR_ROOMS) or traceback.tb_next is None:
            places.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-MOST_PLACES:]
