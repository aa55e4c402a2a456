"""A signed-in person's password, asked again before what they may regret."""

from app.accounts.caller import Caller
from app.errors import AccountError, ErrorReason
from app.models.user import UserRecord, find_by_id
from app.security.passwords import check_password


def confirmed(caller: Caller, password: str) -> UserRecord:
    """The caller's account, secrets included, read anew once the password has proved right.

    Raises AccountError: INVALID_CREDENTIALS, TOKEN_REVOKED when the account went meanwhile.
    """
    user = find_by_id(caller.user.id)
    if user is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    if not check_password(password, user.password_hash):
        raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    return user
