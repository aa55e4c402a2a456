"""python -m app.web.healthcheck: exit 0 if this container's server answers; for HEALTHCHECK."""

import sys
from http.client import HTTPConnection, HTTPException

from app.config import load_settings


def main() -> int:
    """Ask /health/live of this machine's own server."""
    connection = HTTPConnection("127.0.0.1", load_settings().port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
