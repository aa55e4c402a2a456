"""Request ids, and one line a request: never a variable, a token, a password or a query string."""

import logging
import re
import time
from uuid import uuid4

from flask import Flask, Response, g, request

log = logging.getLogger("app.requests")
SANE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
HEADER = "X-Request-Id"


def request_id() -> str:
    """The id of the current request: the client's own if it is sane, else one made here."""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if SANE_ID.fullmatch(given) else uuid4().hex
    return g.request_id


def configure(app: Flask, *, debug: bool) -> None:
    """Give every answer its request id and log it; a quoted path can forge no line."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        milliseconds = (time.perf_counter() - g.started) * 1000
        log.info(
            "%s %r %d %.1fms id=%s",
            request.method,
            request.path[:200],
            response.status_code,
            milliseconds,
            request_id(),
        )
        return response
