"""A queue for hashing passwords, so that bcrypt does not starve the threads that answer requests.

Hashes run in a few threads of low priority. Requests for one wait in a short queue; when it is
full, they are refused with a time to retry after.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar

from app.config import current
from app.errors import AccountError, ErrorReason

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_WAIT = 5  # seconds for a turn; the client may have gone by then
NICENESS = 10  # a share of about a tenth beside a thread that answers
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # a container's own limit, cgroups v2


class HashingQueue:
    """A few threads and a short queue: `at_once` run, `waiting` wait, the next is refused."""

    def __init__(self, *, at_once: int, waiting: int, longest_wait: float = LONGEST_WAIT) -> None:
        self.at_once = at_once
        self.waiting = waiting
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._taken = 0  # places in use: by hashes that run and by those that wait
        self._threads = ThreadPoolExecutor(at_once, "hashing", initializer=_lower_priority)

    def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` when its turn comes, and return or raise what it does.

        Raises AccountError(OVERLOADED, retry_after) when the queue is full, or the turn does not
        come in time: then `work` is not run.
        """
        self._take_place()
        try:
            turn = self._threads.submit(work, *args, **kwargs)
            try:
                return turn.result(self._longest_wait)
            except TimeoutError:
                if turn.cancel():
                    raise AccountError(ErrorReason.OVERLOADED, retry_after=1) from None
                return turn.result()  # it had begun: its core is spent, so its answer is of use
        finally:
            self._release_place()

    def load(self) -> tuple[int, int]:
        """Return how many hashes run now, and how many wait."""
        taken = self._taken
        running = min(taken, self.at_once)
        return running, taken - running

    def refuse_when_full(self) -> None:
        """Raise AccountError(OVERLOADED) where `run` would. Call it before other work."""
        if self._taken >= self.at_once + self.waiting:
            raise AccountError(ErrorReason.OVERLOADED, retry_after=1)

    def _take_place(self) -> None:
        """Take a place, or raise AccountError(OVERLOADED) if all are taken."""
        with self._lock:
            self.refuse_when_full()
            self._taken += 1

    def _release_place(self) -> None:
        with self._lock:
            self._taken -= 1


def refuse_when_full() -> None:
    """Raise AccountError(OVERLOADED) when the queue of this process is full."""
    _queue().refuse_when_full()


def load() -> tuple[int, int]:
    """How many hashes of this process run now, and how many wait for their turn."""
    return _queue().load()


def run_in_queue(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in the queue of this process. See HashingQueue.run."""
    return _queue().run(work, *args, **kwargs)


def queue_size(cores: int, workers: int, threads: int) -> tuple[int, int]:
    """How many may run at once in one worker, and how many may wait.

    All workers together keep the cores busy; a flood leaves threads to answer the rest, except
    where a worker has but one.
    """
    at_once = max(1, min(cores // workers, threads // 2))
    return at_once, max(0, min(max(1, threads // 4), threads - 1 - at_once))


def available_cores(cpu_max: Path = CPU_MAX) -> int:
    """The cores that this process may use, whole ones, at least 1."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no container, or "max": no limit
        quota, period = map(int, cpu_max.read_text().split())
        cores = min(cores, quota // period)
    return max(1, cores)


@cache
def _queue() -> HashingQueue:
    settings = current()
    at_once, waiting = queue_size(available_cores(), settings.workers, settings.threads)
    return HashingQueue(at_once=at_once, waiting=waiting)


def _lower_priority() -> None:
    """Lower this thread's priority: on Linux, and there alone, threads have one of their own."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
