"""The load: raw sockets, kept alive, one request at a time on each, timed one by one."""

import math
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
LONGEST_WAIT = 30  # seconds without any answer


class LoadError(Exception):
    """The server did not answer as it must; the text says how."""


@dataclass(frozen=True)
class Request:
    """The bytes to send, and how an answer to them is known to be the right kind."""

    sent: bytes
    status: int = 200
    refused: bool = False


@dataclass
class Slice:
    """What one contender did with one run of requests."""

    seconds: float
    latencies: list[float] = field(default_factory=list)


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    request: Request | None = None
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def run(
    port: int, requests: Sequence[Request], count: int, connections: int, start: int = 0
) -> Slice:
    """Send `count` requests, taken in turn from `requests`, over kept connections.

    Raises LoadError at the first answer with another status or kind than its request expects.
    """
    latencies: list[float] = []
    sent, kept = 0, min(connections, count)
    with selectors.DefaultSelector() as selector:
        open_connections = [_open(port) for _ in range(kept)]
        try:
            began = time.perf_counter()
            for connection in open_connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                _send(connection, requests[(start + sent) % len(requests)])
                sent += 1
            while len(latencies) < count:
                for connection in _answered(selector, port):
                    latencies.append(time.perf_counter() - connection.sent_at)
                    if sent < count:
                        _send(connection, requests[(start + sent) % len(requests)])
                        sent += 1
            return Slice(time.perf_counter() - began, latencies)
        finally:
            for connection in open_connections:
                connection.socket.close()


def ask(port: int, request: Request) -> bytes:
    """The body of the answer to one request, over a connection of its own."""
    connection = _open(port)
    try:
        _send(connection, request)
        while (body := _take(connection)) is None:
            _receive(connection)
        return body
    finally:
        connection.socket.close()


@contextmanager
def kept(port: int) -> Iterator[Callable[[Request], bytes]]:
    """What asks one request after the other over one connection, whatever the answers say."""
    connection = _open(port)

    def asked(request: Request) -> bytes:
        _send(connection, request)
        while (body := _take(connection, checked=False)) is None:
            _receive(connection)
        return body

    try:
        yield asked
    finally:
        connection.socket.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _open(port: int) -> _Connection:
    opened = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Connection(opened)


def _send(connection: _Connection, request: Request) -> None:
    connection.request, connection.sent_at = request, time.perf_counter()
    connection.socket.sendall(request.sent)


def _answered(selector: selectors.BaseSelector, port: int) -> list[_Connection]:
    """The connections whose whole answer has come."""
    events = selector.select(LONGEST_WAIT)
    if not events:
        raise LoadError(f"no answer from port {port} for {LONGEST_WAIT} s")
    answered = []
    for key, _ in events:
        _receive(key.data)
        if _take(key.data) is not None:
            answered.append(key.data)
    return answered


def _receive(connection: _Connection) -> None:
    data = connection.socket.recv(262_144)
    if not data:
        raise LoadError(f"the connection was closed after {bytes(connection.received[:200])!r}")
    connection.received += data


def _take(connection: _Connection, *, checked: bool = True) -> bytes | None:
    """The body, checked unless it need not be, and taken off, once it is complete."""
    received, request = connection.received, connection.request
    if (end := received.find(b"\r\n\r\n")) < 0:
        return None
    head, rest = bytes(received[:end]), end + 4
    if length := LENGTH.search(head):
        if len(received) < rest + int(length[1]):
            return None
        body = bytes(received[rest : rest + int(length[1])])
    elif CHUNKED.search(head):
        if not received.endswith(b"0\r\n\r\n"):
            return None
        body = _joined(bytes(received[rest:]))
    else:
        raise LoadError(f"an answer without a length: {head!r}")
    received.clear()
    if checked:
        _check(request, head, body)
    return body


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        body, chunks = body + chunks[: int(size, 16)], chunks[int(size, 16) + 2 :]
    return body


def _check(request: Request, head: bytes, body: bytes) -> None:
    status = int(head[9:12])
    if status != request.status or (b'"errors"' in body) != request.refused:
        raise LoadError(f"{status} instead of {request.status}: {body[:500].decode()}")
    if CLOSING.search(head):
        raise LoadError("the server does not keep connections alive")
