"""Transactions: several writes that happen together or not at all."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

import pymongo
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from app.config import current
from app.errors import AccountError
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
        except AccountError as error:
            if isinstance(error.__cause__, PyMongoError):  # the driver knows what to repeat
                raise error.__cause__ from None
            raise
        finally:
            _session.reset(token)

    # the driver would go on repeating for two minutes
    seconds = current().database_timeout_ms / 1000
    with pymongo.timeout(seconds), client().start_session() as session:
        return session.with_transaction(run)
