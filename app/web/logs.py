"""Logs: one JSON line a request; never a variable, a token, a password or a query string."""

import logging
import os
import time
from contextlib import suppress

import orjson

from app.clock import now
from app.web.incoming import Incoming

STANDARD_ERROR = 2


def configure(*, debug: bool) -> None:
    """Log what is not a request to standard error, through the standard library."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def note(incoming: Incoming, status: int) -> None:
    """One line a request, in one write: threads cannot mix theirs, and JSON forges no line.

    The standard library's logging would cost as much as answering a cached query.
    """
    line = {
        "at": now(),
        "request_id": incoming.request_id,
        "method": incoming.method,
        "path": incoming.path[:200],
        "status": status,
        "milliseconds": round((time.perf_counter() - incoming.started) * 1000, 2),
    }
    with suppress(OSError):  # whoever reads the log has gone: requests are answered all the same
        os.write(STANDARD_ERROR, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
