"""Events: use cases report here what happened; metrics and extensions listen.

An event holds names that the program chose, never personal data or text from a client.
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


def _ignore(event: str, result: str) -> None:
    """Do nothing: the listener until `listen` is called."""


_listener: Listener = _ignore


def listen(listener: Listener) -> None:
    """Call `listener(event, result)` for each event of this process. There is one listener."""
    global _listener
    _listener = listener


def emit(event: str, result: str) -> None:
    """Report an event and its result, such as ("throttled", "login")."""
    _listener(event, result)


def emits_outcome(event: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a use case so that each call emits its outcome: OK or the name of its ErrorReason.

    The outcome of an unexpected error is EXCEPTION. The use case returns and raises as before.
    """

    def decorate(use_case: Callable[P, R]) -> Callable[P, R]:
        @wraps(use_case)
        def emit_outcome(*args: P.args, **kwargs: P.kwargs) -> R:
            outcome = "EXCEPTION"
            try:
                answer = use_case(*args, **kwargs)
                outcome = OK
                return answer
            except AccountError as error:
                outcome = error.reason.name
                raise
            finally:
                emit(event, outcome)

        return emit_outcome

    return decorate


@dataclass(frozen=True)
class AccountEvent:
    """Something that happened to an account, published once it is stored.

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
