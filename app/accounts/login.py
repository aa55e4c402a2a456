"""A person proves who they are with e-mail and password."""

from app.accounts.caller import Caller
from app.accounts.forms import LOGIN, filled
from app.accounts.sessions import SignedIn, new_session, signed_in
from app.errors import AccountError, ErrorReason
from app.models.session import remove_session
from app.models.user import UserRecord, begin_session, find_by_email
from app.security.passwords import check_password, hash_password, needs_upgrade, spend_a_check


def login(given: dict, caller: Caller) -> SignedIn:
    """Open a session on this device.

    Raises AccountError: INVALID_DATA for what is no address or no password;
    INVALID_CREDENTIALS for an unknown address, a wrong password and an inactive account, alike
    and in the same time.
    """
    form = filled(LOGIN, given)
    user = _proved(find_by_email(form["email"]), form["password"])
    upgraded = hash_password(form["password"]) if needs_upgrade(user.password_hash) else None
    session = new_session(user.id, caller)
    begun = begin_session(user, session.id, session.created_at, upgraded)
    if not begun and upgraded:
        # another login of the same person may have upgraded the hash first: prove it once more
        user = find_by_email(form["email"])
        right = user is not None and check_password(form["password"], user.password_hash)
        begun = right and begin_session(user, session.id, session.created_at)
    if not begun:
        remove_session(session.id)
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    user.last_login_at = session.created_at
    return signed_in(user, session)


def _proved(user: UserRecord | None, password: str) -> UserRecord:
    right = check_password(password, user.password_hash) if user else spend_a_check(password)
    if not right or not user.active:
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    return user
