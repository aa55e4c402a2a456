"""Prove who somebody is by e-mail address and password."""

from typing import Any

from app.accounts.caller import Caller
from app.accounts.sign_in import refuse_login
from app.config import current
from app.models.user_records import UserRecord, find_by_email
from app.security.passwords import check_decoy, check_password, hash_password, needs_upgrade


def prove_by_password(email: str, password: str, caller: Caller) -> UserRecord:
    """Return the account of a normalised address, secrets included, if the password is its own.

    Raises AccountError: INVALID_CREDENTIALS for an unknown address, a wrong password, an account
    without a password and an inactive account, alike and in the same time, and for an unverified
    address where REGISTER_CONCEALS_ACCOUNTS; OVERLOADED.
    """
    user = find_by_email(email)
    is_right = is_password_of(user, password)
    if user is None or not is_right or not user.active or _is_concealed(user):
        refuse_login(user.id if user else None, caller)
    return user


def is_password_of(user: UserRecord | None, password: str) -> bool:
    """Whether the account has this password; takes the same time where there is nothing to check.

    Raises AccountError(OVERLOADED).
    """
    if user is None or user.password_hash is None:
        return check_decoy(password)
    return check_password(password, user.password_hash)


def upgrade_hash(user: UserRecord, password: str) -> dict[str, Any]:
    """Return what to $set with the login: a new hash where the stored one is weaker than today's.

    `password` has been proved. The proof stays the same, so `credential_version` does not move: two
    logins that upgrade at once both succeed, and each of their hashes fits the password.
    Raises AccountError(OVERLOADED).
    """
    if user.password_hash is None or not needs_upgrade(user.password_hash):
        return {}
    return {"password_hash": hash_password(password)}


def _is_concealed(user: UserRecord) -> bool:
    """Whether signing in would tell whoever registered the address that it was free."""
    return current().register_conceals_accounts and not user.email_verified
