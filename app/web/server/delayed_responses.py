"""Answers held back: who is told to slow down is slowed down, and no thread waits for it."""

import asyncio
from contextlib import suppress
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError

MOST_HELD = 100  # each keeps one of the some hundred requests that granian has a worker take on


class DelayedResponses:
    """What holds answers in one event loop."""

    def __init__(self) -> None:
        self._held = 0

    async def send(self, environ: dict[str, Any], protocol: Any) -> None:
        """Send `app.response` after `app.held` seconds; at once when MOST_HELD are held already.

        A client that has gone meanwhile gets nothing.
        """
        if self._held < MOST_HELD:
            self._held += 1
            try:
                await asyncio.sleep(environ["app.held"])
            finally:
                self._held -= 1
        with suppress(ProtocolClosed, ProtocolError):
            protocol.response_bytes(*environ["app.response"])
