"""Open a session on the caller's device and issue its tokens."""

from dataclasses import dataclass

from bson import ObjectId

from app.accounts import last_use
from app.accounts.caller import Caller
from app.clock import now
from app.models.session import USER_AGENT_LENGTH, Session
from app.models.user import MAX_SESSIONS
from app.models.user_records import UserRecord
from app.security import tokens
from app.security.tokens import TokenPair


@dataclass(frozen=True)
class SignInResult:
    """An account and the tokens of the session just opened or refreshed.

    tokens: None where nobody is signed in yet: the address must be verified first.
    session_id: None where the caller's own session goes on.
    """

    user: UserRecord
    tokens: TokenPair | None
    session_id: ObjectId | None = None


def add_session(user_id: ObjectId, caller: Caller) -> Session:
    """Store a session for the caller's device. It is live once the account lists its id."""
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


def issue_tokens(user: UserRecord, session: Session) -> SignInResult:
    """Issue the first tokens of `session`, which has just been opened for `user`."""
    pair = tokens.issue(
        str(user.id),
        str(session.id),
        refresh_id=session.refresh_id,
        refresh_issued_at=session.created_at,
    )
    if session.id not in user.session_ids:  # the account was read before the session was opened
        user.session_ids = [*user.session_ids, session.id][-MAX_SESSIONS:]
    last_use.remember_write(str(session.id))
    return SignInResult(user, pair, session.id)
