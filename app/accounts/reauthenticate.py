"""A signed-in person's password, asked again before what they may regret."""

from app.accounts.caller import SignedInCaller
from app.errors import AccountError, ErrorReason
from app.models.user import UserRecord, find_by_id
from app.security.passwords import check_password
from app.security.throttle import Action, guess


def confirm_password(caller: SignedInCaller, password: str) -> UserRecord:
    """The caller's account, secrets included, read anew once the password has proved right.

    Raises AccountError: INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS, OVERLOADED; TOKEN_REVOKED when the
    account went meanwhile.
    """
    account = str(caller.user.id)
    with guess(Action.CONFIRM_PASSWORD, account=account, address=caller.ip_address):
        user = find_by_id(caller.user.id)
        if user is None:
            raise AccountError(ErrorReason.TOKEN_REVOKED)
        if not check_password(password, user.password_hash):
            raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    return user
