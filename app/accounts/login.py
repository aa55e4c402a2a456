"""A person proves who they are with e-mail and password."""

from bson import ObjectId

from app.accounts.caller import Caller
from app.accounts.forms import LOGIN, load_form
from app.accounts.open_session import SignInResult, add_session, issue_tokens
from app.config import current
from app.errors import AccountError, ErrorReason
from app.events import emits_outcome
from app.models.security_event import SecurityEventType, forget_identity
from app.models.session import Session
from app.models.transaction import in_transaction
from app.models.user import UserRecord, begin_session, find_by_email, find_by_id
from app.security.audit import record
from app.security.passwords import check_decoy, check_password, hash_password, needs_upgrade
from app.security.throttle import Action, guess


@emits_outcome("login")
def login(given: dict, caller: Caller) -> SignInResult:
    """Open a session on this device.

    Raises AccountError: INVALID_DATA for what is no address or no password;
    INVALID_CREDENTIALS for an unknown address, a wrong password and an inactive account, alike
    and in the same time; EMAIL_NOT_VERIFIED, after a right password, where the address must be
    (INVALID_CREDENTIALS where REGISTER_CONCEALS_ACCOUNTS, too);
    TOO_MANY_ATTEMPTS, whether there is such an account or not; OVERLOADED.
    """
    form = load_form(LOGIN, given)
    email, password = form["email"], form["password"]
    with guess(Action.LOGIN, account=email, address=caller.ip_address):
        user = _prove(email, password, caller)
        if current().register_conceals_accounts and not user.email_verified:
            # else whoever registers an address and logs in would learn whether it was free
            _note_refused(user.id, caller)
            raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    if current().require_verified_email and not user.email_verified:
        raise AccountError(ErrorReason.EMAIL_NOT_VERIFIED)
    upgraded = hash_password(password) if needs_upgrade(user.password_hash) else None
    try:
        session = in_transaction(lambda: _begin(user, caller, upgraded))
    except AccountError as refusal:
        if not upgraded or refusal.reason is not ErrorReason.INVALID_CREDENTIALS:
            raise
        # another login of the same person may have upgraded the hash first: prove it once more
        user = _prove(email, password, caller)
        session = in_transaction(lambda: _begin(user, caller))
    user.last_login_at = session.created_at
    return issue_tokens(user, session)


def _prove(email: str, password: str, caller: Caller) -> UserRecord:
    user = find_by_email(email)
    right = check_password(password, user.password_hash) if user else check_decoy(password)
    if not right or not user.active:
        # kept for nobody where there is no account: the answer takes the same time
        _note_refused(user.id if user else None, caller)
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    return user


def _note_refused(user_id: ObjectId | None, caller: Caller) -> None:
    """Written alone, so that the account may have been deleted since it was read: looked at once
    more, whether there was one or not, for the answer to take the same time."""
    record(SecurityEventType.LOGIN_REFUSED, user_id, **caller.origin)
    if find_by_id(user_id or ObjectId()) is None and user_id:
        forget_identity(user_id)


def _begin(user: UserRecord, caller: Caller, upgraded: str | None = None) -> Session:
    session = add_session(user.id, caller)
    if not begin_session(user, session.id, session.created_at, upgraded):
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    record(SecurityEventType.LOGGED_IN, user.id, **caller.origin)
    return session
