"""Stopping and replacing workers under load: no request is interrupted."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import ENVIRONMENT
from tests.servers import Server, start_server
from tests.waiting import HANG, wait_until

QUESTION = {"query": "{ passwordPolicy { minLength } }"}


@contextmanager
def run_server(uri: str, folder: Path, *, workers: int, drains: int) -> Iterator[Server]:
    """Run a server with so many workers that drains for so many seconds."""
    settings = {"MONGODB_URI": uri, "WORKERS": str(workers), "DRAIN_SECONDS": str(drains)}
    started = start_server({**ENVIRONMENT, **settings}, folder)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


@pytest.fixture
def server(database_uri: str, tmp_path: Path) -> Iterator[Server]:
    """A server of two workers that drains for longer than any test lasts."""
    with run_server(database_uri, tmp_path, workers=2, drains=300) as started:
        yield started


@contextmanager
def send_requests(server: Server) -> Iterator[Counter]:
    """Send requests without pause from three clients with open connections; count the outcomes."""
    seen: Counter = Counter()
    over = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not over.is_set():
                try:
                    answer = session.post(f"{server.url}/graphql", json=QUESTION, timeout=HANG)
                    seen[answer.status_code, answer.headers.get("connection")] += 1
                except requests.RequestException as error:
                    seen[type(error).__name__] += 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: seen[200, None] > 2)
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def get_readiness(server: Server) -> int:
    return requests.get(f"{server.url}/health/ready", timeout=HANG).status_code


def test_a_stopping_server_is_not_ready_and_still_answers_for_a_while(
    server: Server,
) -> None:
    assert get_readiness(server) == 200
    with send_requests(server) as seen:
        server.process.terminate()
        wait_until(lambda: get_readiness(server) == 503)
        assert requests.get(f"{server.url}/health/live", timeout=HANG).status_code == 200
        wait_until(lambda: seen[200, "close"] > 2)
        assert server.process.poll() is None
    assert set(seen) == {(200, None), (200, "close")}


def test_a_stopping_server_ends_after_draining(database_uri: str, tmp_path: Path) -> None:
    with run_server(database_uri, tmp_path, workers=2, drains=1) as server:
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(HANG) == 0
        assert time.monotonic() - began >= 1


def test_workers_that_start_while_the_server_stops_are_not_ready_either(
    database_uri: str, tmp_path: Path
) -> None:
    with run_server(database_uri, tmp_path, workers=6, drains=300) as server:  # one of them answers
        server.process.terminate()
        # each request opens a connection: any worker may accept it
        wait_until(lambda: [get_readiness(server) for _ in range(20)] == [503] * 20)


def test_a_second_signal_ends_the_server_at_once(server: Server) -> None:
    server.process.terminate()
    wait_until(lambda: get_readiness(server) == 503)
    server.process.terminate()
    assert server.process.wait(HANG) == 0  # it does not wait for the rest of the 300 seconds


def test_sighup_replaces_the_workers_and_interrupts_no_request(
    server: Server, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    with send_requests(server) as seen:
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.read_text().count("Stopped old worker") >= 2)
        assert get_readiness(server) == 200
    assert log.read_text().count("Stopped old worker") == 2
    assert {outcome[0] for outcome in seen} == {200}
