"""Formats the records of the standard library's loggers: JSON, or readable in development.

JSON has the type and the place of an unexpected error, not its message, which may repeat a value.
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

OUR_PACKAGES = ("app.", "schema.")
MAX_PLACES = 10

Line = MutableMapping[str, Any]


class JsonLines(ProcessorFormatter):
    """A formatter that writes each record as one line of JSON."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[_add_time, add_log_level, add_logger_name, ExtraAdder()],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _describe_exception,
                JSONRenderer(_to_json),
            ],
        )


class ReadableLines(ProcessorFormatter):
    """A formatter for people at a terminal, with complete tracebacks."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[_add_time, add_log_level, add_logger_name, ExtraAdder()],
            processors=[ProcessorFormatter.remove_processors_meta, make_console_renderer()],
        )


def make_console_renderer() -> ConsoleRenderer:
    """Return structlog's renderer for terminals."""
    # structlog would choose a formatter that shows the values of variables
    return ConsoleRenderer(
        colors=sys.stderr.isatty(), timestamp_key="at", exception_formatter=plain_traceback
    )


def make_granian_log_config() -> dict[str, Any]:
    """Return granian's `log_dictconfig`, so that granian also logs JSON."""
    return {"formatters": {name: {"()": JsonLines} for name in ("generic", "access")}}


def _to_json(line: Line, **_: Any) -> str:
    # other types are replaced by their names: their text may hold personal data
    return orjson.dumps(line, default=lambda value: type(value).__name__).decode()


def _add_time(_logger: Any, _method: str, line: Line) -> Line:
    line["at"] = now().isoformat()
    return line


def _describe_exception(_logger: Any, _method: str, line: Line) -> Line:
    """Replace an exception by its type, the types of its causes, and its places in our code."""
    error = (line.pop("exc_info", None) or (None, None, None))[1]
    line.pop("stack_info", None)
    if error is not None:
        chain = list(_iterate_causes(error))
        line["exception"] = [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
        line["places"] = _find_places(error.__traceback__)
    return line


def _iterate_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _find_places(traceback: TracebackType | None) -> list[str]:
    """Return module:line of our frames and of the frame that raised, the innermost last."""
    places = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module.startswith(OUR_PACKAGES) or traceback.tb_next is None:
            places.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-MAX_PLACES:]
