"""Draining: a worker that is to stop says so first, so that nobody is cut off.

The server signals its workers (`Server` in app/web/server/serve.py); a worker hears it in its
event loop. Asked to close, it ends each kept-alive connection with its next answer, so that
clients and proxies open the next one elsewhere. Asked to leave, it says besides that it is not
ready.
"""

import asyncio
import signal

CLOSE, LEAVE = signal.SIGUSR1, signal.SIGUSR2

_heard: set[signal.Signals] = set()


def hear(loop: asyncio.AbstractEventLoop) -> None:
    """Hear the server's signals in this worker."""
    for number in (CLOSE, LEAVE):
        loop.add_signal_handler(number, _heard.add, number)


def is_closing() -> bool:
    """Whether connections are to end with their next answer."""
    return bool(_heard)


def is_leaving() -> bool:
    """Whether this process will soon be gone, and should get nothing new."""
    return LEAVE in _heard
