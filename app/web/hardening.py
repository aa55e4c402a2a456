"""Every answer is JSON and carries its security headers, whatever the path, method and status."""

import json
import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.errors import AccountError, ErrorReason
from app.web.callers import caller_of
from app.web.logs import request_id
from schema.errors import refusal

log = logging.getLogger(__name__)
MAX_BODY_BYTES = 64 * 1024


def json_body(content: object) -> bytes:
    """JSON in UTF-8, its accents readable."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def refused(fault: AccountError, status: int) -> Response:
    """An answer for what was refused outside GraphQL, in the shape of its errors."""
    error = refusal(fault, caller_of(request).locale, request_id())
    return Response(json_body({"errors": [error]}), status, mimetype="application/json")


def configure(app: Flask) -> None:
    """Put JSON in the place of Flask's HTML errors, and the headers on every answer."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_add_headers)


def _http_error(error: HTTPException) -> Response:
    fault = AccountError(ErrorReason.MALFORMED_REQUEST)
    if error.code == 404:
        fault = AccountError(ErrorReason.DOES_NOT_EXIST, resource="page")
    response = refused(fault, error.code)
    if allowed := error.get_response().headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen error in request %s", request_id(), exc_info=error)
    return refused(AccountError(ErrorReason.EXCEPTION), 500)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault(
        "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"
    )
    response.headers.setdefault("Cache-Control", "no-store")
    return response
