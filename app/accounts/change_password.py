"""Change the password of the signed-in account."""

from app.accounts.account_access import read_changed_account
from app.accounts.caller import SignedInCaller
from app.accounts.forms import CHANGE_PASSWORD, load_form, refuse_weak_password
from app.accounts.mail_content import describe_origin
from app.accounts.open_session import SignInResult
from app.accounts.reauthenticate import confirm_password
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.outgoing_mail import enqueue_mail
from app.models.password import replace_password
from app.models.security_event import SecurityEventType
from app.models.session import remove_sessions_of, renew_session
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord
from app.security import tokens
from app.security.audit import record
from app.security.passwords import hash_password


def change_password(given: dict, caller: SignedInCaller) -> SignInResult:
    """Set the new password, end all other sessions, and issue new tokens for this one.

    Links to reset the password or to change the address become invalid. The owner gets a mail.
    Raises AccountError: INVALID_DATA for a weak password; INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS,
    OVERLOADED; TOKEN_REVOKED when the session ended meanwhile.
    """
    form = load_form(CHANGE_PASSWORD, given)
    refuse_weak_password(form["new_password"], caller.user)
    user = confirm_password(caller, form["current_password"])
    hashed, refresh_id, at = hash_password(form["new_password"]), tokens.new_token_id(), now()

    def change() -> None:
        _change(user, hashed, caller)
        renew_session(caller.session_id, refresh_id, at, tokens.refresh_expiry(at))

    in_transaction(change)
    pair = tokens.issue(
        str(user.id), str(caller.session_id), refresh_id=refresh_id, refresh_issued_at=at
    )
    return SignInResult(read_changed_account(user.id, ErrorReason.TOKEN_REVOKED), pair)


def _change(user: UserRecord, hashed: str, caller: SignedInCaller) -> None:
    if not replace_password(user, caller.session_id, hashed):
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    remove_sessions_of(user.id, but=caller.session_id)
    record(SecurityEventType.PASSWORD_CHANGED, user.id, **caller.origin)
    enqueue_mail(
        MailKind.PASSWORD_CHANGED, to=user.email, user_id=user.id, details=describe_origin(caller)
    )
