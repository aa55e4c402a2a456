"""The stages of signing in that every proof shares: refuse, or ask for more, or open a session."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

from bson import ObjectId

from app.accounts.caller import Caller
from app.accounts.open_session import SignInResult, add_session, issue_tokens
from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.live_sessions import begin_session
from app.models.security_event import SecurityEventType, forget_identity
from app.models.session import Session
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord, find_by_id
from app.security.audit import record


def refuse_login(user_id: ObjectId | None, caller: Caller) -> NoReturn:
    """Record that a proof failed, and refuse it. user_id: None if there is no account.

    Without an account an event without account is written, so that the response takes the same
    time. The account may have been deleted since it was read, so it is read once more, in both
    cases.
    Raises AccountError(INVALID_CREDENTIALS).
    """
    record(SecurityEventType.LOGIN_REFUSED, user_id, **caller.origin)
    if find_by_id(user_id or ObjectId()) is None and user_id:
        forget_identity(user_id)
    raise AccountError(ErrorReason.INVALID_CREDENTIALS)


def require_verified_email(user: UserRecord) -> None:
    """Raise AccountError(EMAIL_NOT_VERIFIED) where the address must be verified and is not."""
    if current().require_verified_email and not user.email_verified:
        raise AccountError(ErrorReason.EMAIL_NOT_VERIFIED)


def sign_in(user: UserRecord, caller: Caller, changes: Mapping[str, Any]) -> SignInResult:
    """Open a session on the caller's device for an account whose proof was right.

    user: as read for the proof. changes: what the proof stores in the account with the login.
    Raises AccountError(INVALID_CREDENTIALS) when the account was deactivated or deleted, or one of
    its proofs changed since it was read.
    """
    session = in_transaction(partial(_begin, user, caller, changes))
    user.last_login_at = session.created_at
    return issue_tokens(user, session)


def _begin(user: UserRecord, caller: Caller, changes: Mapping[str, Any]) -> Session:
    session = add_session(user.id, caller)
    if not begin_session(user, session.id, session.created_at, changes):
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    record(SecurityEventType.LOGGED_IN, user.id, **caller.origin)
    return session
