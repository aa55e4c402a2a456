"""What every answer carries, and what stands in the place of Flask's own errors."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.web import logs
from app.web.answers import Answer, http_error, refused
from app.web.incoming import MAX_BODY_BYTES, Incoming
from schema.errors import unforeseen

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def configure(app: Flask) -> None:
    """JSON errors, headers and a log line for what Flask itself answers."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_error_handler(
        HTTPException, lambda error: flask_response(http_error(_in(), error))
    )
    app.register_error_handler(Exception, _unforeseen)
    app.before_request(_start)
    app.after_request(_finish)


def header_list(incoming: Incoming, answer: Answer) -> list[tuple[str, str]]:
    """All headers of an answer that did not come through Flask."""
    return [
        ("Content-Type", answer.media_type),
        ("Content-Length", str(len(answer.body))),
        ("X-Request-Id", incoming.request_id),
        *HEADERS.items(),
        *answer.headers.items(),
    ]


def flask_response(answer: Answer) -> Response:
    """The answer as Flask returns it; `_finish` adds what every answer carries."""
    return Response(answer.body, answer.status, answer.headers, content_type=answer.media_type)


def _unforeseen(error: Exception) -> Response:
    return flask_response(refused(_in(), unforeseen(error, _in().request_id), 500))


def _start() -> None:
    _in()  # the clock of the log line starts


def _in() -> Incoming:
    return Incoming.of(request.environ)


def _finish(response: Response) -> Response:
    incoming = _in()
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = incoming.request_id
    logs.note(incoming, response.status_code)
    return response
