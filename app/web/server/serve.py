"""The server that production runs: granian with its settings, each with its reason.

``python -m app.web.server.serve`` serves ``application:rsgi``. SIGTERM and SIGINT drain it for
DRAIN_SECONDS and end it, a second one ends it at once; SIGHUP replaces the workers one by one.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from threading import Thread
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from app.config import DEVELOPMENT, SettingsError, load_settings
from app.web.server.draining import CLOSE, LEAVE
from app.web.telemetry.log_format import granians
from app.web.telemetry.metrics_folder import fresh_folder

SLOWEST_HEADERS = 10  # seconds a client has to send its headers
TOLD_AGAIN = 0.2  # seconds until workers are told again to leave
LAST_REQUESTS = 10  # seconds for what is in flight when a worker is ended


class Server(Granian):
    """Granian, whose workers are told before they are ended: see app/web/server/draining.py."""

    def __init__(self, *arguments: Any, drain_seconds: float, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._drain_seconds = drain_seconds
        self._is_leaving = False

    def serve(self, *arguments: Any, **settings: Any) -> None:
        """Serve until SIGTERM or SIGINT; what is in flight is finished first."""
        for number in (CLOSE, LEAVE):  # a worker that does not listen yet inherits it
            signal.signal(number, signal.SIG_IGN)
        os.register_at_fork(after_in_child=_end_when_told)
        super().serve(*arguments, **settings)

    def signal_handler_interrupt(self, *arguments: Any, **named: Any) -> None:
        """Drain, then end; the second signal ends it at once."""
        end = super().signal_handler_interrupt
        if self._is_leaving or not self._drain_seconds:
            end()
            return
        self._is_leaving = True
        Thread(target=self._drain, args=(end,), daemon=True).start()

    def _drain(self, end: Callable[[], None]) -> None:
        until = time.monotonic() + self._drain_seconds
        while not self.interrupt_signal and (left := until - time.monotonic()) > 0:
            self._tell(LEAVE, range(len(self.wrks)))
            time.sleep(min(left, TOLD_AGAIN))  # a worker that is still starting hears it then
        end()

    def _respawn_workers(self, workers: list[int], *arguments: Any, **named: Any) -> None:
        """The old one closes its connections while the new one starts."""
        for index in workers:
            self._tell(CLOSE, [index])
            super()._respawn_workers([index], *arguments, **named)

    def _tell(self, number: signal.Signals, workers: Any) -> None:
        for index in workers:
            with suppress(ProcessLookupError, IndexError):
                os.kill(self.wrks[index]._id(), number)


def _end_when_told() -> None:
    """A worker that does not serve yet would else swallow the signal with the server's handler."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def main() -> None:
    """Read the settings and serve."""
    # until it serves: the first process of a container would ignore what it has no handler for
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    if settings.production and not settings.smtp_url:
        sys.stderr.write("SMTP_URL is not set: mail waits in the outbox until a worker has one.\n")
    server = Server(
        "application:rsgi",
        drain_seconds=settings.drain_seconds,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # a proxy speaks HTTP/2 to the world
        websockets=False,
        workers=settings.workers,
        loop=Loops.uvloop,
        http1_settings=HTTP1Settings(
            header_read_timeout=SLOWEST_HEADERS * 1000, max_buffer_size=16_384
        ),
        respawn_failed_workers=True,
        log_dictconfig=None if settings.environment == DEVELOPMENT else granians(),
        workers_kill_timeout=LAST_REQUESTS,
        backlog=1024,  # connections that wait to be accepted, granian's own default, by name
        # Not here: threads that answer are the carrier's (THREADS), granian's own only carry bytes;
        # idle connections end after header_read_timeout, too; forwarded headers are read by
        # app/web/http/client_address.py (TRUSTED_PROXIES); workers are not replaced after so many
        # requests, since they do not grow (benchmarks/drills/memory.py); no control socket.
    )
    with fresh_folder() if settings.collects_metrics else nullcontext():
        server.serve()


if __name__ == "__main__":
    main()
