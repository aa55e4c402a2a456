"""The hashing queue: how many run at once, how many wait, and which are refused."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import AccountError, ErrorReason
from app.security.hashing_queue import NICENESS, HashingQueue, available_cores, queue_size
from tests.waiting import HANG, wait_until


@contextmanager
def occupy_places(
    turns: HashingQueue, places: int
) -> Iterator[tuple[list[Future], threading.Event]]:
    """Occupy so many places of the queue until the event is set or the block ends."""
    enough = threading.Event()
    with ThreadPoolExecutor(places) as askers:
        try:
            asked = [askers.submit(turns.run, enough.wait) for _ in range(places)]
            wait_until(lambda: sum(turns.load()) >= places)
            yield asked, enough
        finally:
            enough.set()


def test_returns_and_raises_what_the_work_does() -> None:
    turns = HashingQueue(at_once=1, waiting=0)
    assert turns.run(int, "12", base=8) == 10
    with pytest.raises(ZeroDivisionError):
        turns.run(divmod, 1, 0)
    assert turns.run(int, "7") == 7


def test_at_most_the_limit_runs_at_once() -> None:
    turns, running, most, lock = HashingQueue(at_once=2, waiting=6), [0], [0], threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    with ThreadPoolExecutor(8) as askers:
        list(askers.map(lambda _: turns.run(work), range(8)))
    assert (most, running) == ([2], [0])


def test_work_over_the_limit_is_refused_at_once() -> None:
    turns = HashingQueue(at_once=1, waiting=2)
    with occupy_places(turns, 3) as (asked, enough):
        for refusal in (turns.refuse_when_full, lambda: turns.run(int)):
            with pytest.raises(AccountError) as refused:
                refusal()
            assert refused.value.reason is ErrorReason.OVERLOADED
            assert refused.value.retry_after == 1
        enough.set()
        assert [one.result(HANG) for one in asked] == [True] * 3
    assert turns.run(int) == 0
    turns.refuse_when_full()


def test_work_is_not_run_after_its_caller_gave_up() -> None:
    turns, ran = HashingQueue(at_once=1, waiting=1, longest_wait=0.05), []
    with occupy_places(turns, 1) as (asked, enough):
        with pytest.raises(AccountError) as refused:
            turns.run(ran.append, "given up")
        assert refused.value.reason is ErrorReason.OVERLOADED
        enough.set()
        # it had begun, so its caller waited longer than the limit
        assert asked[0].result(HANG) is True
    turns.run(ran.append, "the next")
    assert ran == ["the next"]


@pytest.mark.skipif(sys.platform != "linux", reason="only there threads have a priority")
def test_the_work_runs_with_lower_priority() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    mine = niceness()
    assert HashingQueue(at_once=1, waiting=0).run(niceness) == max(mine, NICENESS)
    assert niceness() == mine


@pytest.mark.parametrize(
    ("cores", "workers", "threads", "expected"),
    [
        (2, 2, 8, (1, 2)),
        (8, 2, 8, (4, 2)),
        (64, 4, 8, (4, 2)),  # at most 6 of 8 threads wait for a hash
        (1, 4, 8, (1, 2)),
        (16, 1, 32, (16, 8)),
        (4, 1, 3, (1, 1)),
        (4, 1, 2, (1, 0)),
        (4, 1, 1, (1, 0)),
    ],
)
def test_a_flood_leaves_threads_for_other_requests(
    cores: int, workers: int, threads: int, expected: tuple[int, int]
) -> None:
    assert queue_size(cores, workers, threads) == expected
    assert sum(expected) < threads or threads == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only there containers are limited so")
@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [("100000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", None), (None, None)],
)
def test_a_container_s_limit_counts(
    tmp_path: Path, cpu_max: str | None, expected: int | None
) -> None:
    file = tmp_path / "cpu.max"
    if cpu_max:
        file.write_text(cpu_max)
    assert available_cores(file) == (expected or len(os.sched_getaffinity(0)))
