"""Headers of all responses, CORS, and JSON errors in place of Flask's own."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.config import current
from app.web.http.request import IncomingRequest
from app.web.http.response import HttpResponse, make_error_response, make_http_error
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
    """Give the responses that Flask makes JSON errors, headers and a log line."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = current().limits.max_body_bytes
    app.register_error_handler(
        HTTPException, lambda error: to_flask_response(make_http_error(_current_request(), error))
    )
    app.register_error_handler(Exception, _handle_unexpected_error)
    app.before_request(_start_clock)
    app.after_request(_complete_response)


def build_cors_headers(incoming: IncomingRequest) -> dict[str, str]:
    """Return the headers that let pages of an allowed origin read the response (CORS)."""
    origins, origin = current().cors_origins, incoming.header("HTTP_ORIGIN")
    if not origins:
        return {}
    if origin not in origins:
        return {"Vary": "Origin"}
    allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if incoming.header("HTTP_ACCESS_CONTROL_REQUEST_METHOD"):
        return allowed | PREFLIGHT
    return allowed | {"Access-Control-Expose-Headers": "X-Request-Id"}


def build_headers(incoming: IncomingRequest, response: HttpResponse) -> list[tuple[str, str]]:
    """Return all headers of a response that does not pass through Flask."""
    return [
        ("Content-Type", response.media_type),
        ("Content-Length", str(len(response.body))),
        ("X-Request-Id", incoming.request_id),
        *HEADERS.items(),
        *response.headers.items(),
        *build_cors_headers(incoming).items(),
    ]


def to_flask_response(response: HttpResponse) -> Response:
    """Return the response as Flask's type. `_complete_response` adds the common headers."""
    return Response(
        response.body, response.status, response.headers, content_type=response.media_type
    )


def _handle_unexpected_error(error: Exception) -> Response:
    return to_flask_response(
        make_error_response(
            _current_request(), log_unexpected(error, _current_request().request_id), 500
        )
    )


def _start_clock() -> None:
    _current_request()  # its creation is the start of the duration in the log


def _current_request() -> IncomingRequest:
    return IncomingRequest.from_environ(request.environ)


def _complete_response(response: Response) -> Response:
    incoming = _current_request()
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = incoming.request_id
    if request.url_rule:
        incoming.route = request.url_rule.rule
    request_telemetry.record_request(incoming, response.status_code)
    return response
