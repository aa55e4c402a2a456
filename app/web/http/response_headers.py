"""What every answer carries, and what stands in the place of Flask's own errors."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.config import current
from app.web.http.request import IncomingRequest
from app.web.http.response import Answer, http_error, refused
from app.web.telemetry import request_telemetry
from schema.error_presentation import log_unexpected

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Accept-Language, Authorization, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


def configure(app: Flask) -> None:
    """JSON errors, headers and a log line for what Flask itself answers."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = current().limits.max_body_bytes
    app.register_error_handler(
        HTTPException, lambda error: flask_response(http_error(_in(), error))
    )
    app.register_error_handler(Exception, _unforeseen)
    app.before_request(_start)
    app.after_request(_finish)


def cors_headers(incoming: IncomingRequest) -> dict[str, str]:
    """What lets the pages of an allowed origin read the answer (the Fetch standard's CORS)."""
    origins, origin = current().cors_origins, incoming.header("HTTP_ORIGIN")
    if not origins:
        return {}
    if origin not in origins:
        return {"Vary": "Origin"}
    allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if incoming.header("HTTP_ACCESS_CONTROL_REQUEST_METHOD"):
        return allowed | PREFLIGHT
    return allowed | {"Access-Control-Expose-Headers": "X-Request-Id"}


def header_list(incoming: IncomingRequest, answer: Answer) -> list[tuple[str, str]]:
    """All headers of an answer that did not come through Flask."""
    return [
        ("Content-Type", answer.media_type),
        ("Content-Length", str(len(answer.body))),
        ("X-Request-Id", incoming.request_id),
        *HEADERS.items(),
        *answer.headers.items(),
        *cors_headers(incoming).items(),
    ]


def flask_response(answer: Answer) -> Response:
    """The answer as Flask returns it; `_finish` adds what every answer carries."""
    return Response(answer.body, answer.status, answer.headers, content_type=answer.media_type)


def _unforeseen(error: Exception) -> Response:
    return flask_response(refused(_in(), log_unexpected(error, _in().request_id), 500))


def _start() -> None:
    _in()  # the clock of the log line starts


def _in() -> IncomingRequest:
    return IncomingRequest.of(request.environ)


def _finish(response: Response) -> Response:
    incoming = _in()
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = incoming.request_id
    if request.url_rule:
        incoming.route = request.url_rule.rule
    request_telemetry.note(incoming, response.status_code)
    return response
