"""Sessions: open one, prove one, refresh one, end one."""

from dataclasses import dataclass
from datetime import timedelta

from bson import ObjectId

from app.accounts import last_use
from app.accounts.caller import Caller, SignedInCaller, sign_in_caller
from app.accounts.forms import REFRESH_TOKEN, load_form
from app.accounts.session_list import ListedSession, list_sessions
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.security_event import SecurityEventType
from app.models.session import (
    USER_AGENT_LENGTH,
    Session,
    SessionRecord,
    end_all_sessions,
    find_session,
    remove_session,
    remove_sessions,
    rotate,
)
from app.models.transaction import in_transaction
from app.models.user import MAX_SESSIONS, UserRecord, end_session, find_signed_in
from app.security import tokens
from app.security.audit import record
from app.security.throttle import Action, guess
from app.security.tokens import Claims, TokenPair

GRACE = timedelta(seconds=10)  # in which a used refresh token still yields its successor


@dataclass(frozen=True)
class SignInResult:
    """An account and the tokens of the session just opened or refreshed.

    tokens: None where nobody is signed in yet: the address must be verified first.
    session_id: None where it is the session that asks.
    """

    user: UserRecord
    tokens: TokenPair | None
    session_id: ObjectId | None = None


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


def signed_in(user: UserRecord, session: Session) -> SignInResult:
    """The answer to whoever has just opened `session`."""
    pair = tokens.issue(
        str(user.id),
        str(session.id),
        refresh_id=session.refresh_id,
        refresh_issued_at=session.created_at,
    )
    if session.id not in user.session_ids:  # it was read before the session was opened
        user.session_ids = [*user.session_ids, session.id][-MAX_SESSIONS:]
    last_use.written(str(session.id))
    return SignInResult(user, pair, session.id)


def authenticate(caller: Caller) -> SignedInCaller:
    """The caller with the account and session that the access token proves; one read.

    The session counts as used, which is written at most once a minute.

    Raises AccountError: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED,
    ACCOUNT_INACTIVE.
    """
    if caller.access_token is None:
        raise AccountError(ErrorReason.TOKEN_MISSING)
    claims = tokens.read_access(caller.access_token)
    user = _live_account(claims)
    last_use.used(claims.session_id)
    return sign_in_caller(caller, user, ObjectId(claims.session_id))


def refresh(given: dict, caller: Caller) -> SignInResult:
    """Exchange a refresh token for its successor and a new access token.

    A used one ends the session, except within GRACE of its use: then it yields the same
    successor, since two tabs or a lost answer must not log a person out.
    Raises AccountError: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_REUSED,
    ACCOUNT_INACTIVE, TOO_MANY_ATTEMPTS.
    """
    token = load_form(REFRESH_TOKEN, given)["refresh_token"]
    with guess(Action.REFRESH, account=None, address=caller.ip_address):
        return _refresh(token, caller)


def _refresh(token: str, caller: Caller) -> SignInResult:
    claims = tokens.read_refresh(token)
    user = _live_account(claims)
    session_id, successor, at = ObjectId(claims.session_id), tokens.new_token_id(), now()
    expires_at = tokens.refresh_expiry(at)
    if rotate(session_id, used=claims.token_id, successor=successor, at=at, expires_at=expires_at):
        last_use.written(claims.session_id)
    else:
        session = find_session(session_id)
        if session is None:  # it ended while we asked
            raise AccountError(ErrorReason.TOKEN_REVOKED)
        rotation = _recent_rotation(session, claims.token_id)
        if rotation is None:
            in_transaction(
                lambda: _end(user.id, session_id, SecurityEventType.TOKEN_REUSED, caller)
            )
            raise AccountError(ErrorReason.TOKEN_REUSED)
        successor, at = rotation["successor"], rotation["at"]
    pair = tokens.issue(
        claims.user_id, claims.session_id, refresh_id=successor, refresh_issued_at=at
    )
    return SignInResult(user, pair, session_id)


def logout(caller: SignedInCaller) -> int:
    """End the session that asks, at once, for its access token too: how many ended."""
    user_id, asking = caller.user.id, caller.session_id
    ended = in_transaction(lambda: _end(user_id, asking, SecurityEventType.LOGGED_OUT, caller))
    return int(ended)


def logout_everywhere(caller: SignedInCaller, *, except_current: bool) -> int:
    """End the account's sessions at once, for their access tokens too: how many ended.

    One event LOGGED_OUT is kept for all, and none when there was no other session to end.
    Raises AccountError(TOKEN_REVOKED) when the session that asks has ended meanwhile.
    """

    def end_all() -> int:
        ids = end_all_sessions(caller.user.id, caller.session_id, keep_asking=except_current)
        if ids is None:
            raise AccountError(ErrorReason.TOKEN_REVOKED)
        ended = remove_sessions(ids)
        if ended:
            record(SecurityEventType.LOGGED_OUT, caller.user.id, **caller.origin)
        return ended

    return in_transaction(end_all)


def revoke_session(session_id: str, caller: SignedInCaller) -> ListedSession:
    """End one of the caller's sessions at once, be it the one that asks: the session as it was.

    Raises AccountError(DOES_NOT_EXIST) alike for what is no id, another's session, one that ended.
    """
    user_id, event = caller.user.id, SecurityEventType.SESSION_REVOKED
    for session in list_sessions(caller.user, caller):
        if str(session.id) == session_id and in_transaction(
            lambda id_=session.id: _end(user_id, id_, event, caller)
        ):
            return session
    raise AccountError(ErrorReason.DOES_NOT_EXIST, resource="session")


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
        # either way: a replica whose clock is ahead must not lengthen the grace of the others
        if rotation["used"] == used and abs(now() - rotation["at"]) <= GRACE:
            return rotation
    return None


def _end(user_id: ObjectId, session_id: ObjectId, event: SecurityEventType, caller: Caller) -> bool:
    """The account's list decides; the session's own document is only tidied away."""
    ended = end_session(user_id, session_id)
    if ended:
        remove_session(session_id)
        record(event, user_id, **caller.origin)
    return ended
