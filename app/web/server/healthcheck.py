"""python -m app.web.server.healthcheck: exit 0 when the server on this machine answers."""

import sys
from http.client import HTTPConnection, HTTPException

from app.config import load_settings


def main() -> int:
    """Request /health/live from the server on this machine; return 0 for status 200, else 1."""
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
