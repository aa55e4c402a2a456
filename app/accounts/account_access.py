"""Who may see and change which account: the rules that several use cases share."""

from collections.abc import Collection, Iterable

from bson import ObjectId

from app.accounts.caller import Caller
from app.errors import AccountError, ErrorReason
from app.models.user_records import UserRecord, find_by_id
from app.permissions import AnyPermission, permissions_of
from app.profile_fields import PROFILE_FIELDS


def read_changed_account(user_id: ObjectId, otherwise: ErrorReason) -> UserRecord:
    """Read an account again after its own change, secrets included.

    Raises AccountError(otherwise) when it was deleted in the meantime.
    """
    user = find_by_id(user_id)
    if user is None:
        raise AccountError(otherwise)
    return user


def require_owner_or(permission: AnyPermission, account: UserRecord, caller: Caller) -> None:
    """Refuse whoever neither owns the account nor has the permission.

    Raises AccountError(PERMISSION_DENIED).
    """
    if not caller.owns(account.id):
        caller.require(permission)


def require_authority_over(roles: Iterable[str], caller: Caller) -> None:
    """Refuse to change an account with these roles, or to grant them, when they allow something
    that the caller may not do.

    Raises AccountError(PERMISSION_DENIED).
    """
    caller.require(*permissions_of(roles))


def hide_unreadable_fields(
    accounts: Iterable[UserRecord], fields: Collection[str], caller: Caller
) -> None:
    """Replace the values of these fields that the caller may not read by the error that says so.

    The executor reports such a value at its field, which is null, and answers all others.
    """
    hidden = [
        name
        for name, field in PROFILE_FIELDS.items()
        if name in fields and not caller.allows(field.read)
    ]
    if not hidden:
        return
    for account in accounts:
        if not caller.owns(account.id):
            for name in hidden:
                setattr(account, name, AccountError(ErrorReason.PERMISSION_DENIED))
