"""An HTTP request, read from its WSGI environment (PEP 3333)."""

import re
import time
from functools import lru_cache
from random import getrandbits
from typing import Any

from bson import ObjectId
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.http import parse_accept_header
from werkzeug.wsgi import get_input_stream

from app.accounts.caller import Caller
from app.config import current
from app.locales import match_locale
from app.web.http.client_address import client_address
from schema.engine.execution import Operation

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class IncomingRequest:
    """One request. Its caller is not authenticated yet.

    The attributes below are set while it is handled, for the log, the metrics and the traces:
    route, the URL rule that it matched; operation, what it ran; document, the beginning of its
    document's hash; user_id, the authenticated caller; outcomes, the names of the reasons of its
    errors; trace_id, the trace that it belongs to.
    """

    route: str | None = None
    operation: Operation | None = None
    document: str | None = None
    user_id: ObjectId | None = None
    outcomes: tuple[str, ...] = ()
    trace_id: str | None = None

    def __init__(self, environ: dict[str, Any]) -> None:
        self.started = time.perf_counter()
        self.environ = environ
        given = environ.get("HTTP_X_REQUEST_ID", "")
        # the client's, if it is well-formed; else a random one, which is unique but not secret
        self.request_id = given if REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
        self._caller: Caller | None = None

    @classmethod
    def from_environ(cls, environ: dict[str, Any]) -> "IncomingRequest":
        """Return the request of this environment: the same object at each call."""
        return environ.get("app.incoming") or environ.setdefault("app.incoming", cls(environ))

    @property
    def method(self) -> str:
        """GET, POST, ..."""
        return self.environ["REQUEST_METHOD"]

    @property
    def path(self) -> str:
        """The path, decoded."""
        return self.environ.get("PATH_INFO", "")

    def header(self, name: str) -> str | None:
        """A header by its WSGI name: HTTP_ACCEPT, CONTENT_TYPE."""
        return self.environ.get(name)

    @property
    def caller(self) -> Caller:
        """The caller as the request presents them, not authenticated."""
        if self._caller is None:
            self._caller = Caller(
                access_token=_parse_bearer(self.header("HTTP_AUTHORIZATION")),
                ip_address=client_address(
                    self.header("REMOTE_ADDR") or "",
                    self.header("HTTP_X_FORWARDED_FOR") or "",
                    current().trusted_proxies,
                ),
                user_agent=self.header("HTTP_USER_AGENT"),
                accepted_locale=_parse_locale(self.header("HTTP_ACCEPT_LANGUAGE") or ""),
            )
        return self._caller

    def body(self) -> bytes:
        """Return the body.

        Raises RequestEntityTooLarge above max_body_bytes, BadRequest when it is incomplete.
        """
        length, most = self.header("CONTENT_LENGTH"), current().limits.max_body_bytes
        if length and length.isdecimal() and int(length) > most:
            raise RequestEntityTooLarge
        if self.environ.get("app.body_is_whole"):
            return self.environ["wsgi.input"].getvalue()
        stream = get_input_stream(self.environ, max_content_length=most)
        try:
            return stream.read()
        except OSError:
            raise BadRequest from None


def _parse_bearer(header: str | None) -> str | None:
    """Return the token of an Authorization header (RFC 6750); "" for another scheme."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@lru_cache(maxsize=256)
def _parse_locale(header: str) -> str | None:
    """Return the language for an Accept-Language header (RFC 9110); None when none fits.

    The caller's first choice for which there is a language wins. `*` says nothing, and a language
    with quality 0 is not used.
    """
    choices = parse_accept_header(header, LanguageAccept)  # the best first
    refused = {tag.lower() for tag, quality in choices if quality <= 0}
    for tag, quality in choices:
        found = match_locale(tag) if quality > 0 and tag != "*" else None
        if found and found.lower() not in refused:
            return found
    return None
