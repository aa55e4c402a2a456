"""Carries requests from granian to the WSGI application, each read whole before it gets a thread.

Granian's own WSGI gives a request its thread before its body has come, so that a few slow clients
hold them all; here the event loop reads bodies, and threads only see requests that are complete.
"""

import asyncio
import io
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError

from app.config import current
from app.errors import AccountError, ErrorReason
from app.web.http.request import IncomingRequest
from app.web.http.response import refused
from app.web.http.response_headers import header_list
from app.web.server.delayed_responses import DelayedResponses
from app.web.server.draining import hear, is_closing
from app.web.server.wsgi_dispatch import WsgiApplication
from app.web.telemetry import metrics, metrics_endpoint, request_telemetry
from schema.error_presentation import hide_unexpected_errors

SLOWEST_BODY = 10  # seconds a client has to send the body of a request
NO_SOFTWARE = ("server", "")  # granian would name itself; the header cannot be left out
CLOSE = ("connection", "close")
LIVE = "/health/live"
MOST_WAITING = 1000  # requests that wait for a thread; the next is told to come back


class RsgiAdapter:
    """Carries requests between granian's RSGI protocol and a WSGI application in threads."""

    def __init__(self, application: WsgiApplication, *, threads: int, max_body_bytes: int) -> None:
        self._application = application
        self._threads = threads
        self._max_body_bytes = max_body_bytes
        self._complete: SimpleQueue = SimpleQueue()
        self._reading: dict[Any, float] = {}
        self._answered: deque[asyncio.Future] = deque()
        self._holding = DelayedResponses()
        # the process that started this one, as it was then: it may be gone before we look
        parent = multiprocessing.parent_process()
        self._parent = parent.pid if parent else os.getppid()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in each worker before it serves."""
        for _ in range(self._threads):
            Thread(target=self._serve, daemon=True).start()
        hear(loop)
        self._look_around(loop)
        settings = current()
        if settings.metrics_port is not None:
            metrics_endpoint.serve_apart(settings.host, settings.metrics_port)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request: its body, then its turn in a thread, which answers it."""
        self._forget_answered()
        environ = environ_of(scope)
        if scope.path == LIVE and scope.method == "GET":
            # here, since the threads may all be waiting: for the database, which it does not ask
            environ["wsgi.input"] = io.BytesIO()
            self._answer(environ, protocol)
            return
        try:
            body = b"" if scope.method in ("GET", "HEAD") else await self._body(environ, protocol)
        except asyncio.CancelledError:
            fault = AccountError(ErrorReason.MALFORMED_REQUEST)
            refuse(environ, protocol, fault, 408, Connection="close")
            return
        except ProtocolClosed:  # the client has gone
            return
        if self._complete.qsize() >= MOST_WAITING:
            fault = AccountError(ErrorReason.OVERLOADED, retry_after=1)
            refuse(environ, protocol, fault, 503)
            return
        environ["wsgi.input"], environ["app.body_is_whole"] = io.BytesIO(body), True
        answered = asyncio.get_running_loop().create_future()
        self._complete.put((environ, protocol, answered))
        await answered
        if "app.response" in environ:
            await self._holding.send(environ, protocol)

    async def _body(self, environ: dict[str, Any], protocol: Any) -> bytes:
        """The body; no more of it than the application accepts, which refuses what is longer."""
        length, started = environ.get("CONTENT_LENGTH", ""), time.monotonic()
        if length.isdecimal():
            short = int(length) <= self._max_body_bytes
            return await self._in_time(protocol(), started) if short else b""
        body, parts = b"", aiter(protocol)
        while len(body) <= self._max_body_bytes:
            try:
                body += await self._in_time(anext(parts), started)
            except StopAsyncIteration:
                break
        environ["CONTENT_LENGTH"] = str(len(body))
        return body

    async def _in_time(self, reading: Any, started: float) -> bytes:
        self._reading[reading] = started
        try:
            return await reading
        finally:
            del self._reading[reading]

    def _serve(self) -> None:
        while True:
            environ, protocol, answered = self._complete.get()
            try:
                self._answer(environ, protocol)
            finally:
                self._answered.append(answered)

    def _answer(self, environ: dict[str, Any], protocol: Any) -> None:
        try:
            request_id = IncomingRequest.of(environ).request_id
            hide_unexpected_errors(
                answer, self._application, environ, protocol, request_id=request_id
            )
        except AccountError as fault:  # a thread outlives whatever it met
            refuse(environ, protocol, fault, 500)

    def _forget_answered(self) -> None:
        """End the coroutines of requests that threads have answered.

        Nobody waits for that, so no thread wakes the event loop to say so: it is done in passing.
        """
        while self._answered:
            self._answered.popleft().set_result(None)

    def _look_around(self, loop: asyncio.AbstractEventLoop) -> None:
        """Each second: end the reading of bodies that take too long; follow a parent that died."""
        self._forget_answered()
        metrics.sample()
        now = time.monotonic()
        for reading, started in list(self._reading.items()):
            if now - started > SLOWEST_BODY:
                reading.cancel()
        if os.getppid() != self._parent:  # killed, it could not end us: we would serve for ever
            os._exit(1)
        loop.call_later(1, self._look_around, loop)


def refuse(
    environ: dict[str, Any], protocol: Any, fault: AccountError, status: int, **headers: str
) -> None:
    """Answer a request that the application is not asked about."""
    incoming = IncomingRequest.of(environ)
    refusal = refused(incoming, fault, status, **headers)
    request_telemetry.note(incoming, status)
    with suppress(ProtocolClosed, ProtocolError):
        sent = _sent(header_list(incoming, refusal))
        protocol.response_bytes(status, sent, refusal.body)


def environ_of(scope: Any) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an RSGI scope, without its input."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in scope.headers.items():
        variable = _variable(name)
        known = environ.get(variable)
        environ[variable] = value if known is None else f"{known},{value}"
    return environ


_variables: dict[str, str] = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def _variable(name: str) -> str:
    variable = _variables.get(name)
    if variable is None:
        variable = "HTTP_" + name.upper().replace("-", "_")
        if len(_variables) < 200:
            _variables[name] = variable
    return variable


def answer(application: WsgiApplication, environ: dict[str, Any], protocol: Any) -> None:
    """Run the application and send what it answers, or leave it to be sent by whoever holds it."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable:
        started[:] = int(status[:3]), headers
        return started.append

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    status, headers = started
    response = status, _sent(headers), body
    if environ.get("app.held"):
        environ["app.response"] = response
    else:
        protocol.response_bytes(*response)


def _sent(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*headers, NO_SOFTWARE, CLOSE] if is_closing() else [*headers, NO_SOFTWARE]
