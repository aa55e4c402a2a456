"""Placeholder until the real throttle lands: the interface, counting nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Action(Enum):
    """What is counted."""

    LOGIN = "login"
    CONFIRM_PASSWORD = "confirm_password"
    REFRESH = "refresh"
    RESET_REQUEST = "reset_request"
    RESEND_VERIFICATION = "resend_verification"
    LINK = "link"
    REGISTER = "register"


@contextmanager
def guess(action: Action, *, account: str | None, address: str | None) -> Iterator[None]:
    """See the real one."""
    yield


def count(action: Action, *, account: str | None, address: str | None) -> None:
    """See the real one."""
