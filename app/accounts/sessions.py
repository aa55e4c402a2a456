"""Sessions: open one, prove one, refresh one, end one."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bson import ObjectId

from app.accounts.caller import Caller
from app.accounts.forms import REFRESH_TOKEN, filled
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.session import (
    USER_AGENT_LENGTH,
    Session,
    SessionRecord,
    find_session,
    remove_session,
    rotate,
)
from app.models.user import UserRecord, end_session, find_signed_in
from app.security import tokens
from app.security.tokens import Claims, TokenPair

GRACE = timedelta(seconds=10)  # in which a used refresh token still yields its successor


@dataclass(frozen=True)
class SignedIn:
    """An account and the tokens of the session just opened or refreshed."""

    user: UserRecord
    tokens: TokenPair


def new_session(user_id: ObjectId, caller: Caller) -> Session:
    """Keep a session for this device. It is live once the account lists its id."""
    opened_at = now()
    session = Session(
        user_id=user_id,
        refresh_id=tokens.new_token_id(),
        user_agent=(caller.user_agent or "")[:USER_AGENT_LENGTH] or None,
        ip_address=caller.ip_address,
        created_at=opened_at,
        last_used_at=opened_at,
        expires_at=tokens.refresh_expiry(opened_at),
    )
    session.add()
    return session


def signed_in(user: UserRecord, session: Session) -> SignedIn:
    """The answer to whoever has just opened `session`."""
    pair = tokens.issue(
        str(user.id),
        str(session.id),
        refresh_id=session.refresh_id,
        refresh_issued_at=session.created_at,
    )
    return SignedIn(user, pair)


def authenticate(caller: Caller) -> Caller:
    """The caller with the account and session that the access token proves; one read.

    Raises AccountError: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED,
    ACCOUNT_INACTIVE.
    """
    if caller.access_token is None:
        raise AccountError(ErrorReason.TOKEN_MISSING)
    claims = tokens.read_access(caller.access_token)
    return replace(caller, user=_live_account(claims), session_id=ObjectId(claims.session_id))


def refresh(given: dict, caller: Caller) -> SignedIn:
    """Exchange a refresh token for its successor and a new access token.

    A used one ends the session, except within GRACE of its use: then it yields the same
    successor, since two tabs or a lost answer must not log a person out.
    Raises AccountError: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_REUSED,
    ACCOUNT_INACTIVE.
    """
    claims = tokens.read_refresh(filled(REFRESH_TOKEN, given)["refresh_token"])
    user = _live_account(claims)
    session_id, successor, at = ObjectId(claims.session_id), tokens.new_token_id(), now()
    if not rotate(
        session_id,
        used=claims.token_id,
        successor=successor,
        at=at,
        expires_at=tokens.refresh_expiry(at),
    ):
        session = find_session(session_id)
        if session is None:  # it ended while we asked
            raise AccountError(ErrorReason.TOKEN_REVOKED)
        rotation = _recent_rotation(session, claims.token_id)
        if rotation is None:
            _end(user, session_id)
            raise AccountError(ErrorReason.TOKEN_REUSED)
        successor, at = rotation["successor"], rotation["at"]
    pair = tokens.issue(
        claims.user_id, claims.session_id, refresh_id=successor, refresh_issued_at=at
    )
    return SignedIn(user, pair)


def logout(caller: Caller) -> int:
    """End the session that asks, at once, for its access token too: how many ended."""
    return int(_end(caller.user, caller.session_id))


def _live_account(claims: Claims) -> UserRecord:
    user = find_signed_in(claims.user_id)
    if user is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    if not user.active:
        raise AccountError(ErrorReason.ACCOUNT_INACTIVE)
    if claims.session_id not in map(str, user.session_ids):
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    return user


def _recent_rotation(session: SessionRecord, used: str) -> dict | None:
    for rotation in session.rotations:
        if rotation["used"] == used and now() - rotation["at"] <= GRACE:
            return rotation
    return None


def _end(user: UserRecord, session_id: ObjectId) -> bool:
    """The account's list decides; the session's own document is only tidied away."""
    ended = end_session(user.id, session_id)
    remove_session(session_id)
    return ended
