"""The RSGI adapter: reads each request completely, then passes it to the WSGI application.

Granian's own WSGI mode gives a request a thread before its body has arrived, so that a few slow
clients can occupy all threads. Here the event loop reads bodies, and a thread gets a request only
when it is complete.
"""

import asyncio
import io
import multiprocessing
import os
import time
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from granian.rsgi import ProtocolClosed, ProtocolError

from app.config import current
from app.errors import AccountError, ErrorReason
from app.web.http.request import IncomingRequest
from app.web.http.response import make_error_response
from app.web.http.response_headers import build_headers
from app.web.server.delayed_responses import DelayedResponses
from app.web.server.draining import handle_signals
from app.web.server.rsgi_to_wsgi import Environ, complete_headers, make_environ, run_application
from app.web.server.wsgi_dispatch import WsgiApplication
from app.web.telemetry import metrics, metrics_endpoint, request_telemetry
from schema.error_presentation import hide_unexpected_errors

BODY_SECONDS = 10  # that a client has to send the body of a request
LIVE = "/health/live"
MOST_WAITING = 1000  # requests that wait for a thread; the next one is refused with 503


class QueuedRequest(NamedTuple):
    """A complete request that waits for a thread. `done` ends its coroutine."""

    environ: Environ
    protocol: Any
    done: "asyncio.Future[None]"


class RsgiAdapter:
    """Passes requests from granian's RSGI protocol to a WSGI application that runs in threads."""

    def __init__(self, application: WsgiApplication, *, threads: int, max_body_bytes: int) -> None:
        self._application = application
        self._threads = threads
        self._max_body_bytes = max_body_bytes
        self._queue: SimpleQueue[QueuedRequest] = SimpleQueue()
        self._body_reads: dict[asyncio.Future[bytes], float] = {}  # when each began
        self._done: deque[asyncio.Future[None]] = deque()
        self._delayed = DelayedResponses()
        # Asked now: the process that started this one may be gone by the first check.
        parent = multiprocessing.parent_process()
        self._parent = (parent.pid if parent else None) or os.getppid()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads. Granian calls this in each worker before it serves."""
        for _ in range(self._threads):
            Thread(target=self._serve, daemon=True).start()
        handle_signals(loop)
        self._check_each_second(loop)
        settings = current()
        if settings.metrics_port is not None:
            metrics_endpoint.serve_on_own_port(settings.host, settings.metrics_port)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Handle one request: read its body and let a thread respond."""
        self._finish_coroutines()
        environ = make_environ(scope)
        if scope.path == LIVE and scope.method == "GET":
            # In the event loop: all threads may be waiting for the database.
            environ["wsgi.input"] = io.BytesIO()
            self._respond(environ, protocol)
            return
        try:
            has_body = scope.method not in ("GET", "HEAD")
            body = await self._read_body(environ, protocol) if has_body else b""
        except asyncio.CancelledError:
            error = AccountError(ErrorReason.MALFORMED_REQUEST)
            refuse(environ, protocol, error, 408, Connection="close")
            return
        except ProtocolClosed:  # the client has disconnected
            return
        if self._queue.qsize() >= MOST_WAITING:
            error = AccountError(ErrorReason.OVERLOADED, retry_after=1)
            refuse(environ, protocol, error, 503)
            return
        environ["wsgi.input"], environ["app.body_is_whole"] = io.BytesIO(body), True
        done = asyncio.get_running_loop().create_future()
        self._queue.put(QueuedRequest(environ, protocol, done))
        await done
        if "app.response" in environ:
            await self._delayed.send(environ, protocol)

    async def _read_body(self, environ: Environ, protocol: Any) -> bytes:
        """Return the body, or a part that is longer than the application accepts."""
        length, started = environ.get("CONTENT_LENGTH", ""), time.monotonic()
        if length.isdecimal():
            is_short = int(length) <= self._max_body_bytes
            return await self._read_in_time(protocol(), started) if is_short else b""
        body, parts = b"", aiter(protocol)
        while len(body) <= self._max_body_bytes:
            try:
                body += await self._read_in_time(anext(parts), started)
            except StopAsyncIteration:
                break
        environ["CONTENT_LENGTH"] = str(len(body))
        return body

    async def _read_in_time(self, read: Any, started: float) -> bytes:
        self._body_reads[read] = started
        try:
            return await read
        finally:
            del self._body_reads[read]

    def _serve(self) -> None:
        while True:
            request = self._queue.get()
            try:
                self._respond(request.environ, request.protocol)
            finally:
                self._done.append(request.done)

    def _respond(self, environ: Environ, protocol: Any) -> None:
        try:
            request_id = IncomingRequest.from_environ(environ).request_id
            hide_unexpected_errors(
                run_application, self._application, environ, protocol, request_id=request_id
            )
        except AccountError as error:  # no error may end the thread
            refuse(environ, protocol, error, 500)

    def _finish_coroutines(self) -> None:
        """End the coroutines of requests to which threads have responded.

        Waking the event loop from a thread costs a system call. So the threads only append to a
        list, and the loop reads it with the next request, at the latest after a second.
        """
        while self._done:
            self._done.popleft().set_result(None)

    def _check_each_second(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel body reads that take too long; end this worker when its parent is dead."""
        self._finish_coroutines()
        metrics.update()
        now = time.monotonic()
        for read, started in list(self._body_reads.items()):
            if now - started > BODY_SECONDS:
                read.cancel()
        if os.getppid() != self._parent:  # it was killed, and nothing else would end this worker
            os._exit(1)
        loop.call_later(1, self._check_each_second, loop)


def refuse(
    environ: Environ, protocol: Any, error: AccountError, status: int, **headers: str
) -> None:
    """Respond with an error, without the application."""
    incoming = IncomingRequest.from_environ(environ)
    refusal = make_error_response(incoming, error, status, **headers)
    request_telemetry.record_request(incoming, status)
    with suppress(ProtocolClosed, ProtocolError):
        headers_sent = complete_headers(build_headers(incoming, refusal))
        protocol.response_bytes(status, headers_sent, refusal.body)
