"""Delayed responses: a throttled response is sent late, and no thread waits meanwhile."""

import asyncio
from contextlib import suppress
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError

MOST_DELAYED = 100  # each occupies one of the few hundred requests that a granian worker accepts


class DelayedResponses:
    """The responses that wait in one event loop."""

    def __init__(self) -> None:
        self._waiting = 0

    async def send(self, environ: dict[str, Any], protocol: Any) -> None:
        """Send `app.response` after `app.delay` seconds, or at once when MOST_DELAYED wait already.

        A client that disconnects meanwhile gets nothing.
        """
        if self._waiting < MOST_DELAYED:
            self._waiting += 1
            try:
                await asyncio.sleep(environ["app.delay"])
            finally:
                self._waiting -= 1
        with suppress(ProtocolClosed, ProtocolError):
            protocol.response_bytes(*environ["app.response"])
