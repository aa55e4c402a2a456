"""Waiting for other threads and processes, on machines of any speed."""

import time
from collections.abc import Callable
from typing import TypeVar

HANG = 120.0  # seconds; only an event that never happens takes this long

T = TypeVar("T")


def wait_until(claim: Callable[[], T], seconds: float = HANG, pause: float = 0.02) -> T:
    """Call `claim` every `pause` seconds until it returns a true value, and return that value.

    Raises AssertionError with its last answer after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := claim()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s: {answer!r}"
        time.sleep(pause)
    return answer
