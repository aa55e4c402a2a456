"""Patience: a command at a terminal waits longer for the database than a request may."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymongo

from app.models.connection import ping

SECONDS = 60


@contextmanager
def patiently(seconds: float = SECONDS) -> Iterator[None]:
    """Give what is asked within `seconds` in all, once the database has shown that it is there.

    Without that look, one that is away would be waited for as long.
    Raises AccountError(DATABASE_UNAVAILABLE).
    """
    ping()
    with pymongo.timeout(seconds):
        yield
