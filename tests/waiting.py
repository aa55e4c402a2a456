"""Wait for what other threads and processes do, however slow the machine is."""

import time
from collections.abc import Callable
from typing import TypeVar

HANG = 120.0  # seconds; only what never happens takes as long

T = TypeVar("T")


def wait_until(claim: Callable[[], T], seconds: float = HANG, pause: float = 0.02) -> T:
    """Call `claim` every `pause` seconds until it returns something true, and return that.

    Raises AssertionError with its last answer when `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while not (answer := claim()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s: {answer!r}"
        time.sleep(pause)
    return answer
