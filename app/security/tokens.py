"""Access and refresh tokens: the only file that knows Flask-JWT-Extended (RFC 7519, HS256)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
)
from flask_jwt_extended.exceptions import JWTExtendedException

from app.clock import now
from app.config import Settings, current
from app.errors import AccountError, ErrorReason

ACCESS, REFRESH = "access", "refresh"
REQUIRED_CLAIMS = frozenset({"sub", "sid", "jti", "type", "iss", "aud", "iat", "nbf", "exp"})
LEEWAY = 10  # seconds by which replicas' clocks may differ
LONGEST = 4096  # characters; ours have about 500


@dataclass(frozen=True)
class Claims:
    """What a verified token says: whose, of which session, and its own id (jti)."""

    user_id: str
    session_id: str
    token_id: str


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
    """Tell Flask-JWT-Extended the key, the one algorithm, and the claims it sets and demands."""
    app.config.update(
        JWT_SECRET_KEY=settings.secret_key,
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ENCODE_ISSUER=settings.token_issuer,
        JWT_DECODE_ISSUER=settings.token_issuer,
        JWT_ENCODE_AUDIENCE=settings.token_audience,
        JWT_DECODE_AUDIENCE=settings.token_audience,
        JWT_DECODE_LEEWAY=LEEWAY,
        JWT_TOKEN_LOCATION="headers",  # noqa: S106  a place, not a password
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies: and its random claim would differ each time
    )
    JWTManager(app)


def new_token_id() -> str:
    """A fresh jti: 122 random bits."""
    return str(uuid4())


def refresh_expiry(issued_at: datetime) -> datetime:
    """When a refresh token of `issued_at` expires."""
    return _seconds(issued_at) + current().refresh_token_lifetime


def issue(
    user_id: str, session_id: str, *, refresh_id: str, refresh_issued_at: datetime
) -> TokenPair:
    """A new access token, and the refresh token of `refresh_id`.

    The refresh token depends on the arguments alone: asked twice, it is the same to the letter.
    """
    started, refresh_started = _seconds(now()), _seconds(refresh_issued_at)
    lifetime = current().access_token_lifetime
    return TokenPair(
        access_token=create_access_token(
            user_id, additional_claims=_claims(session_id, new_token_id(), started, lifetime)
        ),
        refresh_token=create_refresh_token(
            user_id,
            additional_claims=_claims(
                session_id, refresh_id, refresh_started, current().refresh_token_lifetime
            ),
        ),
        expires_in=int(lifetime.total_seconds()),
        expires_at=started + lifetime,
        refresh_expires_at=refresh_expiry(refresh_issued_at),
    )


def read_access(token: str) -> Claims:
    """The claims of an access token. Raises AccountError(TOKEN_INVALID or TOKEN_EXPIRED)."""
    return _read(token, ACCESS)


def read_refresh(token: str) -> Claims:
    """The claims of a refresh token. Raises AccountError(TOKEN_INVALID or TOKEN_EXPIRED)."""
    return _read(token, REFRESH)


def _claims(session_id: str, token_id: str, started: datetime, lifetime: timedelta) -> dict:
    return {
        "sid": session_id,
        "jti": token_id,
        "iat": started,
        "nbf": started,
        "exp": started + lifetime,
    }


def _read(token: str, kind: str) -> Claims:
    if len(token) > LONGEST:
        raise AccountError(ErrorReason.TOKEN_INVALID)
    try:
        claims = decode_token(token)
        # the library fills in what is missing; what was truly signed is read beside it
        signed = jwt.decode(token, options={"verify_signature": False})
    except jwt.ExpiredSignatureError:
        raise AccountError(ErrorReason.TOKEN_EXPIRED) from None
    except (jwt.PyJWTError, JWTExtendedException, ValueError, RecursionError):
        raise AccountError(ErrorReason.TOKEN_INVALID) from None
    if not signed.keys() >= REQUIRED_CLAIMS or claims["type"] != kind:
        raise AccountError(ErrorReason.TOKEN_INVALID)
    if not all(isinstance(claims[name], str) for name in ("sub", "sid", "jti")):
        raise AccountError(ErrorReason.TOKEN_INVALID)
    return Claims(claims["sub"], claims["sid"], claims["jti"])


def _seconds(moment: datetime) -> datetime:
    """A JWT counts whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)
