"""From RSGI to WSGI: the environment of a request, and the response of the application."""

import sys
from collections.abc import Callable
from typing import Any

from app.web.server.draining import is_closing
from app.web.server.wsgi_dispatch import WsgiApplication

NO_SERVER_NAME = ("server", "")  # granian would send its name; the header cannot be left out
CLOSE = ("connection", "close")
MOST_HEADER_NAMES = 200  # whose WSGI variables are remembered

Environ = dict[str, Any]
HeaderList = list[tuple[str, str]]


def make_environ(scope: Any) -> Environ:
    """Return the WSGI environment (PEP 3333) of an RSGI scope, without `wsgi.input`."""
    host, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in scope.headers.items():
        variable = _find_variable(name)
        earlier = environ.get(variable)
        environ[variable] = value if earlier is None else f"{earlier},{value}"
    return environ


_variables: dict[str, str] = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def _find_variable(name: str) -> str:
    variable = _variables.get(name)
    if variable is None:
        variable = "HTTP_" + name.upper().replace("-", "_")
        if len(_variables) < MOST_HEADER_NAMES:
            _variables[name] = variable
    return variable


def run_application(application: WsgiApplication, environ: Environ, protocol: Any) -> None:
    """Run the application and send its response.

    A response that `app.delay` seconds shall pass before is left in `app.response` instead.
    """
    status, headers = 0, HeaderList()

    def start_response(line: str, fields: HeaderList, *_: Any) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = int(line[:3]), fields
        return _refuse_to_write

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    response = status, complete_headers(headers), body
    if environ.get("app.delay"):
        environ["app.response"] = response
    else:
        protocol.response_bytes(*response)


def _refuse_to_write(_data: bytes) -> None:
    raise NotImplementedError("PEP 3333's write() is for old frameworks alone")


def complete_headers(headers: HeaderList) -> HeaderList:
    """Return the headers with those that the server adds to every response."""
    return [*headers, NO_SERVER_NAME, CLOSE] if is_closing() else [*headers, NO_SERVER_NAME]
