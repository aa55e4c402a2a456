"""Metrics: each worker counts them; app/web/telemetry/metrics_endpoint.py serves them.

Each worker counts in files of its own. The worker that Prometheus reads adds them up
(prometheus-client's multiprocess mode; see app/web/telemetry/metrics_folder.py).
"""

from collections import deque
from contextlib import suppress

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from app import events
from app.config import Settings
from app.errors import ErrorReason
from app.events import OK
from app.models.connection import pool
from app.security.hashing_queue import load
from app.security.throttle import Action
from app.web.http.request import IncomingRequest
from schema.engine.execution import Operation

MAX_NAMES = 100  # operations counted by name: clients choose names, and each one costs memory
MAX_NAME_LENGTH = 100  # characters
MAX_PENDING = 1000  # requests that are recorded but not counted yet
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LOGIN_RESULTS = {
    OK: "success",
    ErrorReason.INVALID_CREDENTIALS.name: "refused",
    ErrorReason.EMAIL_NOT_VERIFIED.name: "refused",
    ErrorReason.INVALID_DATA.name: "invalid",
    ErrorReason.TOO_MANY_ATTEMPTS.name: "throttled",
    ErrorReason.OVERLOADED.name: "overloaded",
}
FAILED = "failed"  # a login that an unexpected error ended

disable_created_metrics()  # they double the series, and multiprocess mode has none anyway
REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "accounts_requests",
    "GraphQL requests by operation name and outcome: OK, or the reason of the first error.",
    ["operation", "outcome"],
    registry=REGISTRY,
)
LATENCY = Histogram(
    "accounts_request_seconds",
    "Seconds that a thread took to answer a GraphQL request, by operation name.",
    ["operation"],
    buckets=SECONDS,
    registry=REGISTRY,
)
RESPONSES = Counter(
    "accounts_http_responses",
    "Answers outside /graphql by route and HTTP status.",
    ["route", "status"],
    registry=REGISTRY,
)
LOGINS = Counter("accounts_logins", "Logins by result.", ["result"], registry=REGISTRY)
THROTTLED = Counter(
    "accounts_throttled",
    "Attempts that were throttled, by action.",
    ["action"],
    registry=REGISTRY,
)
HASHING = Gauge(
    "accounts_hashing",
    "Password hashes now, by state: running or waiting for their turn.",
    ["state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
POOL = Gauge(
    "accounts_database_connections",
    "Connections to the database by state: open (all of them) and in_use.",
    ["state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
WORKERS = Gauge(
    "accounts_workers",
    "Worker processes that serve.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)

_enabled = True
_operation_names: set[str] = set()
_pending: deque[tuple[Operation | None, tuple[str, ...], float]] = deque()


def configure(settings: Settings) -> None:
    """Count from now on, if the settings let anyone read the metrics."""
    global _enabled
    _enabled = settings.collects_metrics
    if not _enabled:
        return
    events.listen(_count_event)
    for result in {*LOGIN_RESULTS.values(), FAILED}:  # a rate needs a first value, 0
        LOGINS.labels(result)
    for name in ("none", "anonymous", "other"):
        _create_exception_series(name)
    for action in Action:
        THROTTLED.labels(action.value)


def count_request(incoming: IncomingRequest, status: int, seconds: float) -> None:
    """Count a request that took `seconds` and was answered with `status`."""
    if not _enabled:
        return
    if incoming.route != "/graphql":
        RESPONSES.labels(incoming.route or "none", str(status)).inc()
        return
    _pending.append((incoming.operation, incoming.outcomes, seconds))
    if len(_pending) >= MAX_PENDING:
        _count_pending()


def update() -> None:
    """Count pending requests and set the gauges. Each worker calls this every second."""
    if not _enabled:
        return
    _count_pending()
    running, waiting = load()
    HASHING.labels("running").set(running)
    HASHING.labels("waiting").set(waiting)
    connections = pool()
    POOL.labels("open").set(connections.open)
    POOL.labels("in_use").set(connections.in_use)
    WORKERS.set(1)


def _count_pending() -> None:
    """Count pending requests together, which costs less than one increment for each."""
    requests: dict[tuple[str, str], int] = {}
    latencies: dict[str, list[float]] = {}
    with suppress(IndexError):  # ends when the queue is empty; another thread may take from it too
        while True:
            operation, outcomes, seconds = _pending.popleft()
            outcome = _choose_outcome(outcomes) if outcomes else OK
            name = _choose_name(operation, outcome)
            requests[name, outcome] = requests.get((name, outcome), 0) + 1
            latencies.setdefault(name, []).append(seconds)
    for (name, outcome), number in requests.items():
        REQUESTS.labels(name, outcome).inc(number)
    for name, values in latencies.items():
        latency = LATENCY.labels(name)
        for value in values:
            latency.observe(value)


def _choose_outcome(reasons: tuple[str, ...]) -> str:
    """Return EXCEPTION if it is among the reasons, else the first reason."""
    exception = ErrorReason.EXCEPTION.name
    return exception if exception in reasons else reasons[0]


def _choose_name(operation: Operation | None, outcome: str) -> str:
    """Return the label of an operation: its name if it is one of the first that ran without error.

    Others are "other", "anonymous" without a name, and "none" where there is no operation.
    """
    if operation is None:
        return "none"
    name = operation.name
    if name is None:
        return "anonymous"
    if name in _operation_names:
        return name
    if outcome != OK or len(_operation_names) >= MAX_NAMES or len(name) > MAX_NAME_LENGTH:
        return "other"
    _operation_names.add(name)
    _create_exception_series(name)
    return name


def _create_exception_series(name: str) -> None:
    """Start the series with 0: an alert on its rate misses a series that starts with 1."""
    REQUESTS.labels(name, ErrorReason.EXCEPTION.name)


def _count_event(event: str, result: str) -> None:
    if event == "login":
        LOGINS.labels(LOGIN_RESULTS.get(result, FAILED)).inc()
    elif event == "throttled":
        THROTTLED.labels(result).inc()
