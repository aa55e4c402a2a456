"""Observation: each request is noted once, in the log and in the metrics."""

import time

from app.web import logs, metrics
from app.web.incoming import Incoming

ENDPOINT = "/graphql"


def note(incoming: Incoming, status: int) -> None:
    """Note a request that has been answered with `status`, in the thread that answered it."""
    if incoming.route is None and incoming.path == ENDPOINT:
        incoming.route = ENDPOINT
    seconds = time.perf_counter() - incoming.started
    logs.note(incoming, status, seconds)
    metrics.note(incoming, status, seconds)
