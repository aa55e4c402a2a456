"""A person makes an account and is signed in."""

from app.accounts.caller import Caller
from app.accounts.forms import REGISTER, filled
from app.accounts.sessions import SignedIn, new_session, signed_in
from app.errors import AccountError
from app.models.session import remove_session
from app.models.user import User, UserRecord
from app.security.passwords import hash_password


def register(given: dict, caller: Caller) -> SignedIn:
    """Make an account and open its first session.

    The insert of the account is the last write: whatever fails before it, nothing was made.
    Raises AccountError: INVALID_DATA with every faulty field; ALREADY_EXISTS naming the field.
    """
    form = filled(REGISTER, given)
    password, locale = form.pop("password"), form.pop("locale", None)
    user = User(**form, locale=locale or caller.locale, password_hash=hash_password(password))
    session = new_session(user.id, caller)
    user.session_ids = [session.id]
    try:
        user.add()
    except AccountError:
        remove_session(session.id)
        raise
    return signed_in(UserRecord.of(user), session)
