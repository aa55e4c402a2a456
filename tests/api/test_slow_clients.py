"""Slow clients: unfinished requests do not delay others and are closed."""

import selectors
import socket
import time
from statistics import median

import pytest
import requests

from tests.servers import Server
from tests.waiting import HANG

CONNECTIONS = 60
HALVES = {
    "nothing": b"",
    "half of the headers": b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: b",
    "half of the body": (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"query":'
    ),
    "half of the chunks": (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"query":\r\n'
    ),
}


def open_unfinished_requests(server: Server) -> list[socket.socket]:
    """Open CONNECTIONS connections with unfinished requests of every kind; return them."""
    port = int(server.url.rpartition(":")[2])
    opened = []
    for number in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(list(HALVES.values())[number % len(HALVES)])
        opened.append(connection)
    return opened


def count_closed(opened: list[socket.socket]) -> int:
    """Return how many of the connections the server closes; waits for all, at most HANG seconds."""
    selector, until, closed = selectors.DefaultSelector(), time.monotonic() + HANG, 0
    with selector:
        for connection in opened:
            selector.register(connection, selectors.EVENT_READ)
        while closed < len(opened) and time.monotonic() < until:
            for key, _ in selector.select(1):
                try:
                    ended = not key.fileobj.recv(4096)
                except ConnectionError:
                    ended = True
                if ended:
                    selector.unregister(key.fileobj)
                    closed += 1
    return closed


def measure_median_seconds(server: Server) -> float:
    times = []
    for _ in range(100):
        started = time.monotonic()
        body = {"query": "{ __typename }"}
        answer = requests.post(f"{server.url}/graphql", json=body, timeout=HANG)
        assert answer.json() == {"data": {"__typename": "Query"}}
        times.append(time.monotonic() - started)
    return median(times)


def test_sixty_unfinished_requests_delay_no_others_and_are_closed(live_server: Server) -> None:
    undisturbed = measure_median_seconds(live_server)
    opened = open_unfinished_requests(live_server)
    try:
        assert (
            measure_median_seconds(live_server) < 20 * undisturbed
        )  # waiting in a queue would take seconds
        assert count_closed(opened) == CONNECTIONS
    finally:
        for connection in opened:
            connection.close()


@pytest.mark.parametrize("body", [b'{"query": "{ __typename }"}', b"x" * 100_000])
def test_a_chunked_body_is_read_up_to_the_limit(live_server: Server, body: bytes) -> None:
    def parts():
        for start in range(0, len(body), 5000):
            yield body[start : start + 5000]

    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{live_server.url}/graphql", parts(), headers=headers, timeout=HANG)
    assert answer.status_code == (200 if len(body) < 65_536 else 413)
