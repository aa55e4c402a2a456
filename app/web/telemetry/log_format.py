"""Log lines of the standard library's loggers: JSON, or readable in development.

Of an unforeseen error JSON tells its type and place, not its message, which may repeat a value.
"""

import sys
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

import orjson
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from app.clock import now

OUR_ROOMS = ("app.", "schema.")
MOST_PLACES = 10

Line = MutableMapping[str, Any]


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
            processors=[ProcessorFormatter.remove_processors_meta, console()],
        )


def console() -> ConsoleRenderer:
    """What renders a line for a person at a terminal."""
    # structlog would choose a formatter that shows the values of variables
    return ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="at", exception_formatter=plain_traceback
    )


def granians() -> dict[str, Any]:
    """The same JSON for what granian itself logs: its `log_dictconfig`."""
    return {"formatters": {name: {"()": JsonLines} for name in ("generic", "access")}}


def _json(line: Line, **_: Any) -> str:
    # what is no JSON is told by its type: its text may be anybody's
    return orjson.dumps(line, default=lambda value: type(value).__name__).decode()


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
