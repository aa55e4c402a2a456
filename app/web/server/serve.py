"""The production server: granian with its settings, each with its reason.

``python -m app.web.server.serve`` serves ``application:rsgi``. SIGTERM and SIGINT drain it for
DRAIN_SECONDS and end it; a second signal ends it at once. SIGHUP replaces the workers one by one.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from threading import Thread
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from app.config import Settings, SettingsError, load_settings
from app.extension import register_extensions
from app.models.connection import check_uri
from app.web.http.trusted_documents import read_trusted_documents
from app.web.server.draining import CLOSE, LEAVE
from app.web.server.listen_address import check_address
from app.web.telemetry.log_format import make_granian_log_config
from app.web.telemetry.metrics_folder import fresh_folder

HEADER_SECONDS = 10  # that a client has to send its headers
REPEAT_SECONDS = 0.2  # until a worker gets the signal to leave again
KILL_SECONDS = 10  # until a worker that has to end is killed with the requests it still handles


class Server(Granian):  # type: ignore[misc, valid-type]  # granian chooses the class at import
    """Granian that signals its workers before it ends them: see app/web/server/draining.py."""

    def __init__(self, *arguments: Any, drain_seconds: float, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._drain_seconds = drain_seconds
        self._is_leaving = False

    def serve(self, *arguments: Any, **settings: Any) -> None:
        """Serve until SIGTERM or SIGINT, and finish the requests that have begun."""
        for number in (CLOSE, LEAVE):  # inherited by workers until they handle the signals
            signal.signal(number, signal.SIG_IGN)
        os.register_at_fork(after_in_child=_restore_stop_signals)
        super().serve(*arguments, **settings)

    def signal_handler_interrupt(self, *arguments: Any, **named: Any) -> None:
        """Drain, then end. The second signal ends the server at once."""
        end = super().signal_handler_interrupt
        if self._is_leaving or not self._drain_seconds:
            end()
            return
        self._is_leaving = True
        Thread(target=self._drain, args=(end,), daemon=True).start()

    def _drain(self, end: Callable[[], None]) -> None:
        until = time.monotonic() + self._drain_seconds
        while not self.interrupt_signal and (left := until - time.monotonic()) > 0:
            self._signal_workers(LEAVE, range(len(self.wrks)))
            time.sleep(min(left, REPEAT_SECONDS))  # a worker that is starting gets a later signal
        end()

    def _respawn_workers(self, workers: list[int], *arguments: Any, **named: Any) -> None:
        """Replace workers; each closes its connections while its successor starts."""
        for index in workers:
            self._signal_workers(CLOSE, [index])
            super()._respawn_workers([index], *arguments, **named)

    def _signal_workers(self, number: signal.Signals, workers: Iterable[int]) -> None:
        for index in workers:
            with suppress(ProcessLookupError, IndexError):
                os.kill(self.wrks[index]._id(), number)


def _restore_stop_signals() -> None:
    """Let SIGTERM and SIGINT end a new worker; the handlers it inherits from the server do not."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def check_settings(settings: Settings) -> str:
    """Return the IP address to listen on. Raises SettingsError.

    Checks here what only fails in a worker: granian would start workers again and again.
    """
    if settings.metrics_port == settings.port:
        raise SettingsError("METRICS_PORT: The same as PORT; give it another one.")
    register_extensions(settings)
    check_uri(settings)
    read_trusted_documents(settings)
    if settings.metrics_port is not None:
        check_address(settings.host, settings.metrics_port, variable="METRICS_PORT")
    return check_address(settings.host, settings.port)


def make_server(settings: Settings, address: str) -> Server:
    """Return the server, not yet started."""
    return Server(
        "application:rsgi",
        drain_seconds=settings.drain_seconds,
        address=address,
        port=settings.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # a proxy in front may speak HTTP/2 with clients
        websockets=False,
        workers=settings.workers,
        loop=Loops.uvloop,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=16_384
        ),
        respawn_failed_workers=True,
        log_dictconfig=None if settings.development else make_granian_log_config(),
        workers_kill_timeout=KILL_SECONDS,
        backlog=1024,  # connections that wait to be accepted: granian's default, made explicit
        # Not set: granian's threads, which only transfer bytes (the adapter's threads, THREADS, run
        # the application); a time-out for idle connections, which header_read_timeout
        # covers; forwarded headers, which app/web/http/client_address.py reads (TRUSTED_PROXIES);
        # replacing workers after a number of requests, since their memory does not grow
        # (benchmarks/drills/memory.py); granian's control socket.
    )


def main() -> None:
    """Read the settings and serve. When one is wrong, write a line for it and exit with 2."""
    # Process 1 of a container ignores signals without a handler. Granian installs its own later.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _serve(load_settings())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def _serve(settings: Settings) -> None:
    server = make_server(settings, check_settings(settings))
    if settings.production and not settings.smtp_url:
        sys.stderr.write("SMTP_URL is not set: mail waits in the outbox until a worker has one.\n")
    with fresh_folder() if settings.collects_metrics else nullcontext():
        server.serve()


if __name__ == "__main__":
    main()
