"""Access and refresh tokens: the only file that knows Flask-JWT-Extended (RFC 7519)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import uuid4

import jwt
from flask import Flask, g
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
)
from flask_jwt_extended.exceptions import JWTDecodeError, JWTExtendedException

from app.clock import now
from app.config import TOKEN_ALGORITHMS, Settings, current
from app.errors import AccountError, ErrorReason
from app.security import key_ring
from app.security.keys import secret_kid

ACCESS, REFRESH = "access", "refresh"
REQUIRED_CLAIMS = frozenset({"sub", "sid", "jti", "type", "iss", "aud", "iat", "nbf", "exp"})
UNDERSTOOD_HEADERS = frozenset({"alg", "typ", "kid"})  # a token that says more is not ours
LEEWAY = 10  # seconds by which replicas' clocks may differ
LONGEST = 4096  # characters; ours have about 500
MOST_REMEMBERED = 10_000  # verified tokens, about 1 KiB each

_lock = Lock()
_app: Flask | None = None  # the library asks Flask for its settings; this answers outside a request


@dataclass(frozen=True)
class Claims:
    """The claims of a verified token."""

    user_id: str
    session_id: str
    token_id: str
    kind: str
    expires_at: int  # seconds since 1970, as the token says it


@dataclass(frozen=True)
class TokenPair:
    """An access token and the refresh token that replaces it, with their times in UTC."""

    access_token: str
    refresh_token: str
    expires_in: int
    expires_at: datetime
    refresh_expires_at: datetime
    token_type: str = "Bearer"  # noqa: S105  RFC 6750


def configure(app: Flask, settings: Settings) -> None:
    """Tell Flask-JWT-Extended where the keys are, and the claims it sets and demands."""
    global _app
    _app = app
    key_ring.forget_keys()
    app.config.update(
        JWT_DECODE_ALGORITHMS=list(TOKEN_ALGORITHMS),  # which of them, the key says
        JWT_ENCODE_ISSUER=settings.token_issuer,
        JWT_DECODE_ISSUER=settings.token_issuer,
        JWT_ENCODE_AUDIENCE=settings.token_audience,
        JWT_DECODE_AUDIENCE=settings.token_audience,
        JWT_DECODE_LEEWAY=LEEWAY,
        JWT_TOKEN_LOCATION="headers",  # noqa: S106  a place, not a password
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies: and its random claim would differ each time
    )
    library = JWTManager(app)
    library.encode_key_loader(lambda _: g.signing_key.signing)
    library.decode_key_loader(_verifying)


def new_token_id() -> str:
    """Return a new token id (jti): 122 random bits."""
    return str(uuid4())


def refresh_expiry(issued_at: datetime) -> datetime:
    """Return when a refresh token issued at `issued_at` expires."""
    return _seconds(issued_at) + current().refresh_token_lifetime


def issue(
    user_id: str, session_id: str, *, refresh_id: str, refresh_issued_at: datetime
) -> TokenPair:
    """Return a new access token, and the refresh token with the id `refresh_id`.

    The refresh token depends only on the arguments and the signing key: issued twice, it is the
    same text, unless the keys were rotated in between. Then key id and signature differ, but both
    texts have the same jti and count as one token.
    """
    started, lifetime = _seconds(now()), current().access_token_lifetime
    access = _claims(session_id, new_token_id(), started, lifetime)
    refresh_lifetime = current().refresh_token_lifetime
    refresh = _claims(session_id, refresh_id, _seconds(refresh_issued_at), refresh_lifetime)
    key = key_ring.current_key_ring().signing()
    # PyJWT signs by the header's algorithm, where one is given, rather than by the library's own
    headers = {"alg": key.algorithm, "kid": key.kid}
    with _library().app_context():
        g.signing_key = key
        access_token = create_access_token(
            user_id, additional_claims=access, additional_headers=headers
        )
        refresh_token = create_refresh_token(
            user_id, additional_claims=refresh, additional_headers=headers
        )
    return TokenPair(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=int(lifetime.total_seconds()),
        expires_at=started + lifetime,
        refresh_expires_at=refresh_expiry(refresh_issued_at),
    )


def read_access(token: str) -> Claims:
    """Verify an access token. Raises AccountError(TOKEN_INVALID or TOKEN_EXPIRED)."""
    return _read(token, ACCESS)


def read_refresh(token: str) -> Claims:
    """Verify a refresh token. Raises AccountError(TOKEN_INVALID or TOKEN_EXPIRED)."""
    return _read(token, REFRESH)


def _library() -> Flask:
    if _app is None:
        raise RuntimeError("configure has not run: there is no application yet")
    return _app


def _claims(session_id: str, token_id: str, started: datetime, lifetime: timedelta) -> dict:
    return {
        "sid": session_id,
        "jti": token_id,
        "iat": started,
        "nbf": started,
        "exp": started + lifetime,
    }


def _read(token: str, kind: str) -> Claims:
    """Verify a token once and cache the result; check its expiry each time."""
    remembered = key_ring.current_key_ring().remembered
    verified = remembered.get(token) or _remember(remembered, token, _verify(token))
    if verified.expires_at + LEEWAY <= now().timestamp():
        raise AccountError(ErrorReason.TOKEN_EXPIRED)
    if verified.kind != kind:
        raise AccountError(ErrorReason.TOKEN_INVALID)
    return verified


def _verify(token: str) -> Claims:
    if len(token) > LONGEST:
        raise AccountError(ErrorReason.TOKEN_INVALID)
    try:
        with _library().app_context():
            claims = decode_token(token)
        # the library fills in what is missing; what was truly signed is read beside it
        signed = jwt.decode(token, options={"verify_signature": False})
    except jwt.ExpiredSignatureError:
        raise AccountError(ErrorReason.TOKEN_EXPIRED) from None
    except (jwt.PyJWTError, JWTExtendedException, ValueError, RecursionError):
        raise AccountError(ErrorReason.TOKEN_INVALID) from None
    texts = [claims[name] for name in ("sub", "sid", "jti", "type") if name in signed]
    if not signed.keys() >= REQUIRED_CLAIMS or not all(isinstance(text, str) for text in texts):
        raise AccountError(ErrorReason.TOKEN_INVALID)
    user_id, session_id, token_id, kind = texts
    return Claims(user_id, session_id, token_id, kind, claims["exp"])


def _verifying(headers: dict, _: dict) -> object:
    """Return the key that the headers of a token name, if its algorithm is the one they say.

    A token without a kid was signed by SECRET_KEY, before the first rotation.
    """
    kid = headers["kid"] if "kid" in headers else secret_kid(current().secret_key)
    key = key_ring.find_key(kid) if headers.keys() <= UNDERSTOOD_HEADERS else None
    if key is None or key.algorithm != headers.get("alg"):
        raise JWTDecodeError("not a key of ours")
    return key.verifying


def _remember(remembered: dict[str, Claims], token: str, claims: Claims) -> Claims:
    with _lock:
        while len(remembered) >= MOST_REMEMBERED:
            del remembered[next(iter(remembered))]
        remembered[token] = claims
    return claims


def _seconds(moment: datetime) -> datetime:
    """Cut a time to whole seconds, as a JWT has them."""
    return moment.astimezone(UTC).replace(microsecond=0)
