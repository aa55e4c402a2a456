"""Draining: a worker that will stop closes its connections first, so that no request is cut off.

The server signals its workers (`Server` in app/web/server/serve.py), and each worker handles the
signals in its event loop. After CLOSE, a worker ends every kept-alive connection with its next
response, so that clients and proxies open the next connection elsewhere. After LEAVE, it also
reports that it is not ready.
"""

import asyncio
import signal

CLOSE, LEAVE = signal.SIGUSR1, signal.SIGUSR2

_received: set[signal.Signals] = set()


def handle_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Handle the server's signals in this worker."""
    for number in (CLOSE, LEAVE):
        loop.add_signal_handler(number, _received.add, number)


def is_closing() -> bool:
    """Whether connections end with their next response."""
    return bool(_received)


def is_leaving() -> bool:
    """Whether this process will stop soon and should get no new requests."""
    return LEAVE in _received
