"""A request's log line as a person reads it in development.

``12:03:04  POST /graphql  200  mutation Register  OK  34 ms  5 queries (12 ms)``
"""

from app.web.telemetry.log_format import Line


def format_request(line: Line) -> bytes:
    """Return the line of one request, in local time. Parts that it lacks are left out."""
    parts = [
        f"{line['at'].astimezone():%H:%M:%S}",
        f"{line['method'] or '?'} {line['path'] or '?'}",
        str(line["status"]),
        _format_operation(line),
        ", ".join(line["outcomes"]),
        _format_milliseconds(line["milliseconds"]),
        _format_queries(line["database_questions"], line["database_milliseconds"]),
    ]
    return ("  ".join(filter(None, parts)) + "\n").encode()


def _format_operation(line: Line) -> str:
    return " ".join(filter(None, [line.get("type"), line.get("operation")]))


def _format_milliseconds(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def _format_queries(count: int, milliseconds: float) -> str:
    if not count:
        return ""
    noun = "query" if count == 1 else "queries"
    return f"{count} {noun} ({_format_milliseconds(milliseconds)})"
