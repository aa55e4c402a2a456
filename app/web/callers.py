"""Who sends a request, read from its headers; nothing is proved here."""

from flask import Request
from werkzeug.datastructures import LanguageAccept

from app.accounts.caller import Caller
from app.messages import LOCALES


def caller_of(request: Request) -> Caller:
    """The caller as the request presents them, unproved."""
    return Caller(
        access_token=_bearer(request.headers.get("Authorization")),
        ip_address=request.remote_addr,
        user_agent=request.user_agent.string,
        accepted_locale=_accepted(request.accept_languages),
    )


def _bearer(header: str | None) -> str | None:
    """The token of RFC 6750's header; another scheme's credentials are no token of ours: ""."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _accepted(languages: LanguageAccept) -> str | None:
    """The best language we speak of those asked for by name; `*` asks for none."""
    named = LanguageAccept([(tag, quality) for tag, quality in languages if tag != "*"])
    return named.best_match(LOCALES)
