"""Transactions: several writes, of which all or none are stored."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from threading import Thread
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError

from app.config import current
from app.errors import AccountError
from app.models.connection import client, database_query

PATIENCE = 10  # seconds to end what ran out of time
R = TypeVar("R")
_session: ContextVar[ClientSession | None] = ContextVar("session", default=None)
_after_commit: ContextVar[list[Callable[[], None]]] = ContextVar("after_commit")


def current_session() -> ClientSession | None:
    """The transaction that this thread is in; every write passes it to pymongo as `session`."""
    return _session.get()


def after_commit(call: Callable[[], None]) -> None:
    """Call this once the transaction of this thread is committed; now, outside of one.

    It is not called when the transaction is aborted.
    """
    if _session.get() is None:
        call()
    else:
        _after_commit.get().append(call)


@database_query
def in_transaction(change: Callable[[], R]) -> R:
    """Run `change` in one transaction and return its result. When it raises, nothing is written.

    `change` may run more than once: the driver repeats a transaction that lost a race for a
    document, or its primary. So it must do nothing but ask the database. MongoDB offers
    transactions on a replica set or a sharded cluster, not on a standalone server.
    Raises AccountError(DATABASE_UNAVAILABLE), and what `change` raises.
    """
    calls: list[Callable[[], None]] = []

    def run(session: ClientSession) -> R:
        token = _session.set(session)
        calls.clear()
        _after_commit.set(calls)
        try:
            return change()
        except AccountError as error:
            if isinstance(error.__cause__, PyMongoError):  # the driver knows what to repeat
                raise error.__cause__ from None
            raise
        finally:
            _session.reset(token)

    # the driver would go on repeating for two minutes
    seconds = current().database_timeout_ms / 1000
    with pymongo.timeout(seconds), client().start_session() as session:
        try:
            result = session.with_transaction(run)
        except (ConnectionFailure, ExecutionTimeout):
            # no time was left to abort it: it would keep what it wrote from others for a minute
            Thread(target=_kill, args=(client(), session.session_id), daemon=True).start()
            raise
    for call in calls:
        call()
    return result


def _kill(server: MongoClient, session_id: Mapping[str, Any]) -> None:
    """End a session and its transaction, with time of its own: a thread inherits no deadline."""
    with suppress(PyMongoError), pymongo.timeout(PATIENCE):
        server.admin.command("killSessions", [session_id])
