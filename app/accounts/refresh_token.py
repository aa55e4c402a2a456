"""Exchange a refresh token for a new pair of tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from app.accounts import last_use
from app.accounts.authenticate import find_live_account
from app.accounts.caller import Caller
from app.accounts.end_session import end_session
from app.accounts.forms import REFRESH_TOKEN, load_form
from app.accounts.open_session import SignInResult
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.security_event import SecurityEventType
from app.models.session import SessionRecord, find_session, rotate_refresh_token
from app.security import tokens
from app.security.throttle import Action, limit_attempts
from app.security.tokens import Claims

GRACE = timedelta(seconds=10)  # in which a used refresh token still yields its successor


def refresh_token(given: Mapping[str, Any], caller: Caller) -> SignInResult:
    """Exchange a refresh token for its successor and a new access token.

    A used one ends the session, except within GRACE of its use: then it yields the same
    successor, since two tabs or a lost answer must not log a person out.
    Raises AccountError: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_REUSED,
    ACCOUNT_INACTIVE, TOO_MANY_ATTEMPTS.
    """
    token = load_form(REFRESH_TOKEN, given)["refresh_token"]
    with limit_attempts(Action.REFRESH, account=None, address=caller.ip_address):
        return _refresh(tokens.read_refresh(token), caller)


def _refresh(claims: Claims, caller: Caller) -> SignInResult:
    user = find_live_account(claims)
    session_id = ObjectId(claims.session_id)
    successor, at = _exchange(session_id, claims.token_id) or _repeat(claims, session_id, caller)
    pair = tokens.issue(
        claims.user_id, claims.session_id, refresh_id=successor, refresh_issued_at=at
    )
    return SignInResult(user, pair, session_id)


def _exchange(session_id: ObjectId, used: str) -> tuple[str, datetime] | None:
    """Exchange the current token: its successor and when. None where `used` is not current."""
    successor, at = tokens.new_token_id(), now()
    expires_at = tokens.refresh_expiry(at)
    if not rotate_refresh_token(
        session_id, used=used, successor=successor, at=at, expires_at=expires_at
    ):
        return None
    last_use.remember_write(str(session_id))
    return successor, at


def _repeat(claims: Claims, session_id: ObjectId, caller: Caller) -> tuple[str, datetime]:
    """Return the successor of a token used a moment ago, and when that was.

    Raises AccountError: TOKEN_REVOKED; TOKEN_REUSED, and the session ends, past GRACE.
    """
    session = find_session(session_id)
    if session is None:  # it ended meanwhile
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    rotation = _find_recent_rotation(session, claims.token_id)
    if rotation is None:
        user_id = ObjectId(claims.user_id)
        end_session(user_id, session_id, SecurityEventType.TOKEN_REUSED, caller)
        raise AccountError(ErrorReason.TOKEN_REUSED)
    return rotation["successor"], rotation["at"]


def _find_recent_rotation(session: SessionRecord, used: str) -> dict[str, Any] | None:
    for rotation in session.rotations:
        # either way: a replica whose clock is ahead must not lengthen the grace of the others
        if rotation["used"] == used and abs(now() - rotation["at"]) <= GRACE:
            return rotation
    return None
