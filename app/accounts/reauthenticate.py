"""Ask a signed-in person for the password again, before sensitive changes."""

from app.accounts.caller import SignedInCaller
from app.accounts.proofs.password import is_password_of
from app.errors import AccountError, ErrorReason
from app.models.user_records import UserRecord, find_by_id
from app.security.throttle import Action, limit_attempts


def confirm_password(caller: SignedInCaller, password: str) -> UserRecord:
    """Return the caller's account, secrets included, read again, if the password is right.

    Raises AccountError: INVALID_CREDENTIALS for a wrong password and for an account without one,
    alike; TOO_MANY_ATTEMPTS, OVERLOADED; TOKEN_REVOKED when the account was deleted meanwhile.
    """
    account = str(caller.user.id)
    with limit_attempts(Action.CONFIRM_PASSWORD, account=account, address=caller.ip_address):
        user = find_by_id(caller.user.id)
        if user is None:
            raise AccountError(ErrorReason.TOKEN_REVOKED)
        if not is_password_of(user, password):
            raise AccountError(ErrorReason.INVALID_CREDENTIALS)
    return user
