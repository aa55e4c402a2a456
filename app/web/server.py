"""The server that production runs: granian with its settings, each with its reason.

``python -m app.web.server`` serves ``application:carrier``.
"""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from app.config import SettingsError, load_settings

SLOWEST_HEADERS = 10  # seconds a client has to send its headers


def main() -> None:
    """Serve until SIGTERM or SIGINT; what is in flight is finished first."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    Granian(
        "application:carrier",
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
        workers_kill_timeout=10,  # seconds a request in flight has after SIGTERM
    ).serve()


if __name__ == "__main__":
    main()
