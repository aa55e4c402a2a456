"""Occurrences: rooms that know nothing of monitoring tell here what happened; one listener counts.

Only names that the program itself chose are told: never a person's data, never a client's text.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from app.errors import AccountError

P = ParamSpec("P")
R = TypeVar("R")
Listener = Callable[[str, str], None]
OK = "OK"


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
