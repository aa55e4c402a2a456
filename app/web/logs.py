"""Logs: one line a request; never a variable, a token, a password or a query string."""

import logging
import time

from app.web.incoming import Incoming

log = logging.getLogger("app.requests")


def configure(*, debug: bool) -> None:
    """Log to standard error, a line an event."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for noisy in ("pymongo", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def note(incoming: Incoming, status: int) -> None:
    """One line a request; the path is quoted, so that none can forge a line."""
    log.info(
        "%s %r %d %.1fms id=%s",
        incoming.method,
        incoming.path[:200],
        status,
        (time.perf_counter() - incoming.started) * 1000,
        incoming.request_id,
    )
