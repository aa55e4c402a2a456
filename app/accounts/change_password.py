"""A signed-in person changes the password."""

from app.accounts.caller import Caller
from app.accounts.confirmation import confirmed
from app.accounts.forms import CHANGE_PASSWORD, filled, refuse_weak
from app.accounts.letters import told_of
from app.accounts.sessions import SignedIn
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.outgoing_mail import MailKind, post
from app.models.password import replace_password
from app.models.security_event import SecurityEventType
from app.models.session import remove_sessions_of, renew
from app.models.transaction import together
from app.models.user import UserRecord, find_by_id
from app.security import tokens
from app.security.audit import record
from app.security.passwords import hash_password


def change_password(given: dict, caller: Caller) -> SignedIn:
    """Take the new password and end every other session at once; this one goes on with new tokens.

    Links to reset the password or to change the address die. The owner is told by mail.
    Raises AccountError: INVALID_DATA for a weak password; INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS,
    OVERLOADED; TOKEN_REVOKED when the session ended meanwhile.
    """
    form = filled(CHANGE_PASSWORD, given)
    refuse_weak(form["new_password"], caller.user)
    user = confirmed(caller, form["current_password"])
    hashed, refresh_id, at = hash_password(form["new_password"]), tokens.new_token_id(), now()

    def change() -> None:
        _change(user, hashed, caller)
        renew(caller.session_id, refresh_id, at, tokens.refresh_expiry(at))

    together(change)
    pair = tokens.issue(
        str(user.id), str(caller.session_id), refresh_id=refresh_id, refresh_issued_at=at
    )
    return SignedIn(find_by_id(user.id), pair)


def _change(user: UserRecord, hashed: str, caller: Caller) -> None:
    if not replace_password(user, caller.session_id, hashed):
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    remove_sessions_of(user.id, but=caller.session_id)
    record(SecurityEventType.PASSWORD_CHANGED, user.id, **caller.origin)
    post(MailKind.PASSWORD_CHANGED, to=user.email, user_id=user.id, details=told_of(caller))
