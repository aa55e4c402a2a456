"""Observation: each request is noted once, in the log and in the metrics."""

import time

from app.web.http.request import IncomingRequest
from app.web.telemetry import metrics, request_log

ENDPOINT = "/graphql"


def note(incoming: IncomingRequest, status: int) -> None:
    """Note a request that has been answered with `status`, in the thread that answered it."""
    if incoming.route is None and incoming.path == ENDPOINT:
        incoming.route = ENDPOINT
    seconds = time.perf_counter() - incoming.started
    request_log.note(incoming, status, seconds)
    metrics.note(incoming, status, seconds)
