"""WSGI dispatch: /graphql is handled before Flask; Flask handles every other path.

Flask's request context, routing and response cost several times what a cached query does.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from app.errors import AccountError
from app.models.connection import reset_query_count
from app.web.http.graphql import Endpoint
from app.web.http.request import IncomingRequest
from app.web.http.response import make_error_response
from app.web.http.response_headers import build_headers
from app.web.telemetry import request_telemetry
from schema.error_presentation import hide_unexpected_errors

PATH = "/graphql"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiDispatch:
    """``app.wsgi_app = WsgiDispatch(app.wsgi_app, endpoint)``."""

    def __init__(self, flask: WsgiApplication, endpoint: Endpoint) -> None:
        self._flask = flask
        self._endpoint = endpoint

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Handle one request (PEP 3333)."""
        reset_query_count()
        if environ.get("PATH_INFO") != PATH:
            return self._flask(environ, start_response)
        incoming = IncomingRequest.from_environ(environ)
        try:
            response = hide_unexpected_errors(
                self._endpoint, incoming, request_id=incoming.request_id
            )
        except AccountError as error:
            response = make_error_response(incoming, error, 500)
        start_response(STATUS_LINES[response.status], build_headers(incoming, response))
        request_telemetry.record_request(incoming, response.status)
        environ["app.delay"] = response.delay_seconds
        return [] if incoming.method == "HEAD" else [response.body]
