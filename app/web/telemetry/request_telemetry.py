"""Records each request once, in the log and in the metrics."""

import time

from app.web.http.request import IncomingRequest
from app.web.telemetry import metrics, request_log

ENDPOINT = "/graphql"


def record_request(incoming: IncomingRequest, status: int) -> None:
    """Record a request that was answered with `status`. Call it in the thread that answered."""
    if incoming.route is None and incoming.path == ENDPOINT:
        incoming.route = ENDPOINT
    seconds = time.perf_counter() - incoming.started
    request_log.log_request(incoming, status, seconds)
    metrics.count_request(incoming, status, seconds)
