"""The way to MongoDB: connect, ask whether it answers, and name its absence."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import mongoengine
from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidURI,
    NetworkTimeout,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
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
)


def connect(settings: Settings) -> None:
    """Give every document its database. Talks to nobody yet: the first question does.

    Raises SettingsError. Without MONGODB_URI, which production demands, every question says that
    the database is away: commands that ask none still run.
    """
    mongoengine.disconnect()
    if not settings.mongodb_uri:
        return
    try:
        _connect(settings)
    except (InvalidURI, ConfigurationError):  # what they say may repeat the password
        raise SettingsError("MONGODB_URI: Not an address that the driver understands.") from None


def _connect(settings: Settings) -> None:
    mongoengine.connect(
        db=parse_uri(settings.mongodb_uri, validate=False)["database"] or DEFAULT_DATABASE,
        host=settings.mongodb_uri,
        tz_aware=True,
        uuidRepresentation="standard",
        serverSelectionTimeoutMS=settings.database_timeout_ms,
        timeoutMS=settings.database_timeout_ms,
    )


def client() -> MongoClient:
    """The process's one client, with its pool."""
    return mongoengine.connection.get_connection()


def asks_database(question: Callable[P, R]) -> Callable[P, R]:
    """Mark a question to the database: its absence is raised as DATABASE_UNAVAILABLE."""

    @wraps(question)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return question(*args, **kwargs)
        except (*AWAY, PyMongoError, mongoengine.errors.MongoEngineException) as error:
            # mongoengine wraps what the driver raised; the driver's word is its context
            if isinstance(error, AWAY) or isinstance(error.__context__, AWAY):
                raise AccountError(ErrorReason.DATABASE_UNAVAILABLE, retry_after=1) from error
            raise

    return asked


@asks_database
def ping() -> None:
    """Return if the database answers; raise AccountError(DATABASE_UNAVAILABLE) if not."""
    client().admin.command("ping")
