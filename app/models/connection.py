"""The connection to MongoDB: connect, ping, and report that it does not answer."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from math import inf
from threading import local
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

import mongoengine
from pymongo import MongoClient
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)
from pymongo.uri_parser import parse_uri

from app.config import Settings, SettingsError
from app.errors import AccountError, ErrorReason

DEFAULT_DATABASE = "accounts"
P = ParamSpec("P")
R = TypeVar("R")
AWAY = (
    mongoengine.ConnectionFailure,
    ConnectionFailure,
    ServerSelectionTimeoutError,
    ExecutionTimeout,
    NetworkTimeout,
    WaitQueueTimeoutError,
    WriteConcernError,  # no majority in time, for example while a primary steps down
)
BAD_CREDENTIALS = (18, 8000)  # AuthenticationFailed; the same from Atlas

log = logging.getLogger(__name__)
_last_query_found_no_server = False


def connect(settings: Settings) -> None:
    """Connect the documents to their database. The first query opens the connection.

    Raises SettingsError. Without MONGODB_URI, which production requires, every query raises
    DATABASE_UNAVAILABLE; commands that make none still run.
    """
    global _last_query_found_no_server
    _last_query_found_no_server = False
    mongoengine.disconnect()
    if not settings.mongodb_uri:
        return
    with _refuse_wrong_uri():
        name = parse_uri(settings.mongodb_uri, validate=False)["database"] or DEFAULT_DATABASE
        mongoengine.connect(db=name, host=settings.mongodb_uri, **_client_options(settings))


def check_uri(settings: Settings) -> None:
    """Raise SettingsError when the driver does not accept MONGODB_URI. Sends nothing."""
    if not settings.mongodb_uri:
        return
    with _refuse_wrong_uri():
        parse_uri(settings.mongodb_uri)  # MongoClient only warns of an option that it ignores
        unconnected: MongoClient[dict[str, Any]] = MongoClient(
            settings.mongodb_uri, connect=False, **_client_options(settings)
        )
        unconnected.get_default_database(DEFAULT_DATABASE)
        unconnected.close()


@contextmanager
def _refuse_wrong_uri() -> Iterator[None]:
    try:
        yield
    # For a wrong option the driver raises ValueError or TypeError; for a certificate that is not
    # there, OSError. Their messages are not repeated: they may hold the password.
    except (PyMongoError, mongoengine.ConnectionFailure, ValueError, TypeError, OSError):
        raise SettingsError("MONGODB_URI: Not an address that the driver understands.") from None


def _client_options(settings: Settings) -> dict[str, Any]:
    return {
        "tz_aware": True,
        "uuidRepresentation": "standard",
        "serverSelectionTimeoutMS": settings.database_timeout_ms,
        "timeoutMS": settings.database_timeout_ms,
        "heartbeatFrequencyMS": 1000,  # also while the database is away: see `database_query`
        "w": "majority",  # whatever the URI says: an acknowledged write survives a failover
        "retryWrites": True,
    }


def client() -> MongoClient:
    """Return the client of this process, with its connection pool."""
    return mongoengine.connection.get_connection()


class _Queries(local):
    """The queries of a thread since `reset_query_count`."""

    count = 0
    seconds = 0.0
    running = False


_queries = _Queries()


def reset_query_count() -> None:
    """Reset the count of this thread: its next request begins."""
    _queries.count, _queries.seconds = 0, 0.0


def query_count() -> tuple[int, float]:
    """Return how many queries this thread has made since `reset_query_count`, and their seconds.

    A transaction counts as one query more, its commit. Its seconds are counted once.
    """
    return _queries.count, _queries.seconds


@dataclass(frozen=True)
class Pool:
    """The connections of this process to the database: how many are open, and how many in use."""

    open: int
    in_use: int


def pool() -> Pool:
    """Return the number of connections now; none before the first query.

    This reads the driver's private state. Its public listeners would cost each command 3.7 µs:
    docs/decisions/0006-metrics.md.
    """
    try:
        topology = client()._topology
    except mongoengine.ConnectionFailure:  # settings that name no database
        return Pool(0, 0)
    pools = [server.pool for server in list(topology._servers.values())] if topology else []
    in_use = sum(one.active_sockets for one in pools)
    return Pool(in_use + sum(len(one.conns) for one in pools), in_use)


def most_connections() -> float:
    """Return how many connections to one server this process may have: maxPoolSize.

    Infinity where there is no bound, or no database in the settings.
    """
    try:
        return client().options.pool_options.max_pool_size or inf
    except mongoengine.ConnectionFailure:
        return inf


def database_query(query: Callable[P, R]) -> Callable[P, R]:
    """Decorate a database query: raise DATABASE_UNAVAILABLE when the database does not answer.

    The query is counted (`query_count`). After one query has found no server, the next ones
    are refused at once until the driver, which looks every second, has found one.
    """

    @wraps(query)
    def run_counted(*args: P.args, **kwargs: P.kwargs) -> R:
        tally = _queries
        tally.count += 1
        outermost, started = not tally.running, perf_counter()
        if _last_query_found_no_server and not _is_back():
            raise AccountError(ErrorReason.DATABASE_UNAVAILABLE, retry_after=1)
        tally.running = True
        try:
            return query(*args, **kwargs)
        except (*AWAY, PyMongoError, mongoengine.errors.MongoEngineException) as error:
            if causes := _find_causes(error):
                _remember_absence(causes)
                raise AccountError(ErrorReason.DATABASE_UNAVAILABLE, retry_after=1) from error
            raise
        finally:
            if outermost:
                tally.running = False
                tally.seconds += perf_counter() - started

    return run_counted


def _find_causes(error: Exception) -> list[BaseException]:
    """Return the errors that mean that the database is not available; none for other errors.

    MongoEngine wraps the driver's error, which is then the context.
    """
    errors = [one for one in (error, error.__context__) if one is not None]
    return [one for one in errors if isinstance(one, AWAY) or _is_about_credentials(one)]


def _is_about_credentials(error: BaseException) -> bool:
    return getattr(error, "code", None) in BAD_CREDENTIALS


def _remember_absence(causes: Sequence[BaseException]) -> None:
    global _last_query_found_no_server
    if any(map(_is_about_credentials, causes)):
        log.error("MONGODB_URI: the database refuses its user or password")
    if any(isinstance(one, ServerSelectionTimeoutError) for one in causes):
        _last_query_found_no_server = True


def _is_back() -> bool:
    global _last_query_found_no_server
    _last_query_found_no_server = not client().nodes
    return not _last_query_found_no_server


@database_query
def ping() -> None:
    """Raise AccountError(DATABASE_UNAVAILABLE) unless the database answers."""
    client().admin.command("ping")
