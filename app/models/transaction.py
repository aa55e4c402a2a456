"""Transactions: several writes that happen together or not at all."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from pymongo.client_session import ClientSession

from app.models.connection import asks_database, client

R = TypeVar("R")
_session: ContextVar[ClientSession | None] = ContextVar("session", default=None)


def current_session() -> ClientSession | None:
    """The transaction that this thread is in; every write passes it to pymongo as `session`."""
    return _session.get()


@asks_database
def together(change: Callable[[], R]) -> R:
    """What `change` returns, its writes committed as one; what it raises, with nothing written.

    `change` may run more than once: the driver repeats a transaction that lost a race for a
    document, or its primary. So it must do nothing but ask the database. In production MongoDB
    offers transactions on a replica set or sharded cluster, not on a server that stands alone.
    """

    def run(session: ClientSession) -> R:
        token = _session.set(session)
        try:
            return change()
        finally:
            _session.reset(token)

    with client().start_session() as session:
        return session.with_transaction(run)
