"""Metrics: counted in each worker; app/web/telemetry/metrics_endpoint.py serves them.

Each worker counts in files of its own, which whoever is scraped adds up (prometheus-client's
multiprocess mode; see app/web/telemetry/metrics_folder.py).
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

MOST_NAMES = 100  # operations told apart by name; clients choose names, and each costs memory
LONGEST_NAME = 100  # characters
MOST_NOTED = 1000  # requests that are noted but not counted yet
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LOGIN_RESULTS = {
    OK: "success",
    ErrorReason.INVALID_CREDENTIALS.name: "refused",
    ErrorReason.EMAIL_NOT_VERIFIED.name: "refused",
    ErrorReason.INVALID_DATA.name: "invalid",
    ErrorReason.TOO_MANY_ATTEMPTS.name: "throttled",
    ErrorReason.OVERLOADED.name: "overloaded",
}
FAILED = "failed"  # a login that met a fault of ours

disable_created_metrics()  # twice the series, and workers that share files tell none anyway
REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "accounts_requests",
    "GraphQL requests by operation name and outcome: OK, or the reason of the first error.",
    ["operation", "outcome"],
    registry=REGISTRY,
)
LATENCY = Histogram(
    "accounts_request_seconds",
    "Seconds from a GraphQL request's turn in a thread to its answer, by operation name.",
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
    "Attempts told to wait, by action.",
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

_counting = True
_names: set[str] = set()
_noted: deque[tuple[Operation | None, tuple[str, ...], float]] = deque()


def configure(settings: Settings) -> None:
    """Count from now on, where anybody may ever read it."""
    global _counting
    _counting = settings.collects_metrics
    if not _counting:
        return
    events.listen(_count)
    for result in {*LOGIN_RESULTS.values(), FAILED}:  # a rate needs a first value, 0
        LOGINS.labels(result)
    for name in ("none", "anonymous", "other"):
        _begin(name)
    for action in Action:
        THROTTLED.labels(action.value)


def note(incoming: IncomingRequest, status: int, seconds: float) -> None:
    """Count a request that has been answered."""
    if not _counting:
        return
    if incoming.route != "/graphql":
        RESPONSES.labels(incoming.route or "none", str(status)).inc()
        return
    _noted.append((incoming.operation, incoming.outcomes, seconds))
    if len(_noted) >= MOST_NOTED:
        _settle()


def sample() -> None:
    """Count what was noted, and look at what is only seen: each worker does so every second."""
    if not _counting:
        return
    _settle()
    running, waiting = load()
    HASHING.labels("running").set(running)
    HASHING.labels("waiting").set(waiting)
    connections = pool()
    POOL.labels("open").set(connections.open)
    POOL.labels("in_use").set(connections.in_use)
    WORKERS.set(1)


def _settle() -> None:
    """Count requests many at a time: one by one each would cost as much as its log line."""
    requests: dict[tuple[str, str], int] = {}
    latencies: dict[str, list[float]] = {}
    with suppress(IndexError):  # until there is none left; another thread may take some
        while True:
            operation, outcomes, seconds = _noted.popleft()
            outcome = _outcome(outcomes) if outcomes else OK
            name = _name(operation, outcome)
            requests[name, outcome] = requests.get((name, outcome), 0) + 1
            latencies.setdefault(name, []).append(seconds)
    for (name, outcome), number in requests.items():
        REQUESTS.labels(name, outcome).inc(number)
    for name, values in latencies.items():
        observe = LATENCY.labels(name).observe
        for value in values:
            observe(value)


def _outcome(reasons: tuple[str, ...]) -> str:
    """The reason to count a request under: the first, but for a fault of ours."""
    log_unexpected = ErrorReason.EXCEPTION.name
    return log_unexpected if log_unexpected in reasons else reasons[0]


def _name(operation: Operation | None, outcome: str) -> str:
    """The operation's name if it is one of the first that ran without an error."""
    if operation is None:
        return "none"
    name = operation.name
    if name is None:
        return "anonymous"
    if name in _names:
        return name
    if outcome != OK or len(_names) >= MOST_NAMES or len(name) > LONGEST_NAME:
        return "other"
    _names.add(name)
    _begin(name)
    return name


def _begin(name: str) -> None:
    """Tell of no fault so far: a series that is born with the first one hides it from alerts."""
    REQUESTS.labels(name, ErrorReason.EXCEPTION.name)


def _count(what: str, how: str) -> None:
    if what == "login":
        LOGINS.labels(LOGIN_RESULTS.get(how, FAILED)).inc()
    elif what == "throttled":
        THROTTLED.labels(how).inc()
