"""Occurrences: rooms that know nothing of monitoring tell here what happened; one listener counts.

Only names that the program itself chose are told: never a person's data, never a client's text.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from app.errors import AccountError

P = ParamSpec("P")
R = TypeVar("R")
Listener = Callable[[str, str], None]
OK = "OK"

log = logging.getLogger(__name__)


def _nobody(what: str, how: str) -> None:
    """Until somebody listens."""


_listener: Listener = _nobody


def listen(listener: Listener) -> None:
    """Tell `listener(what, how)` of all that happens in this process from now on, and no other."""
    global _listener
    _listener = listener


def emit(what: str, how: str) -> None:
    """Tell that `what` happened, and how: ("throttled", "login")."""
    _listener(what, how)


def emits_outcome(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a use case: each call tells how it ended, OK or the name of its ErrorReason.

    An unforeseen error is told as EXCEPTION. What the use case returns or raises is unchanged.
    """

    def marked(use_case: Callable[P, R]) -> Callable[P, R]:
        @wraps(use_case)
        def telling(*args: P.args, **kwargs: P.kwargs) -> R:
            end = "EXCEPTION"
            try:
                answer = use_case(*args, **kwargs)
                end = OK
                return answer
            except AccountError as error:
                end = error.reason.name
                raise
            finally:
                emit(what, end)

        return telling

    return marked


@dataclass(frozen=True)
class AccountEvent:
    """Something that happened to an account, told once it is stored.

    type: the name of a SecurityEventType. user_id: 24 hexadecimal digits; None where no account
    is concerned, as for a login with an unknown address.
    """

    type: str
    user_id: str | None
    at: datetime


AccountListener = Callable[[AccountEvent], None]
_account_listeners: list[AccountListener] = []


def subscribe(listener: AccountListener) -> None:
    """Call `listener` for every account event of this process from now on."""
    if listener not in _account_listeners:
        _account_listeners.append(listener)


def publish(event: AccountEvent) -> None:
    """Call all listeners, in the thread that made the change, after it was committed.

    A listener is called at most once: not when the process ends in between. What it raises is
    logged, and changes nothing for the caller.
    """
    for listener in _account_listeners:
        try:
            listener(event)
        except Exception:
            log.exception("a listener failed for the event %s", event.type)
