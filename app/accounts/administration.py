"""Administration of one account: read it, activate and deactivate it, change its roles,
delete it."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bson import ObjectId
from bson.errors import InvalidId

from app.accounts.account_access import hide_unreadable_fields, require_authority_over
from app.accounts.caller import Caller
from app.errors import AccountError, ErrorReason
from app.models.administrators import open_account, replace_roles
from app.models.privacy import close_account, remove_account
from app.models.security_event import SecurityEventType, forget_identity
from app.models.transaction import in_transaction
from app.models.user_list import find_account
from app.models.user_records import UserRecord, find_roles, find_signed_in
from app.permissions import ROLES, USER, Permission
from app.profile_fields import PROFILE_FIELDS
from app.security.audit import record

T = TypeVar("T")


def read_account(user_id: str, fields: Collection[str], caller: Caller) -> UserRecord:
    """One account with these fields; a field that the caller may not read holds the refusal.

    Raises AccountError: PERMISSION_DENIED without USERS_READ; DOES_NOT_EXIST.
    """
    caller.require(Permission.USERS_READ)
    account = _require_found(find_account(_parse_id(user_id), fields))
    hide_unreadable_fields([account], fields, caller)
    return account


def set_user_active(user_id: str, active: bool, caller: Caller) -> UserRecord:
    """Open or close an account. Closing it ends its sessions and links at once.

    Without a change no event is recorded. Raises AccountError: PERMISSION_DENIED without
    USERS_WRITE or a permission that the account has; DOES_NOT_EXIST; LAST_ADMIN.
    """
    caller.require(Permission.USERS_WRITE)
    change = open_account if active else close_account
    event = SecurityEventType.ACTIVATED if active else SecurityEventType.DEACTIVATED
    return _change(user_id, change, event, caller)


def set_user_roles(user_id: str, roles: Iterable[str], caller: Caller) -> UserRecord:
    """Give an account these roles, by name, and no others; USER is always kept.

    The change takes effect with the account's next request, under the tokens that it has.
    Without a change no event is recorded. Raises AccountError: PERMISSION_DENIED without
    ROLES_WRITE or a permission that the account has or shall have; INVALID_DATA for no roles;
    DOES_NOT_EXIST; LAST_ADMIN.
    """
    caller.require(Permission.ROLES_WRITE)
    wanted = set(roles)
    if not wanted:
        reason = ErrorReason.INVALID_DATA
        raise AccountError(reason, fields={"roles": reason})
    require_authority_over(wanted, caller)
    ordered = [name for name in ROLES if name in {*wanted, USER.name}]
    change = partial(replace_roles, roles=ordered)
    return _change(user_id, change, SecurityEventType.ROLES_CHANGED, caller)


def delete_user(user_id: str, caller: Caller) -> str:
    """Remove an account and all that is stored about the person; return the account's id.

    Raises AccountError: PERMISSION_DENIED without USERS_DELETE or a permission that the account
    has; DOES_NOT_EXIST; LAST_ADMIN. See also `privacy.delete_account`.
    """
    caller.require(Permission.USERS_DELETE)
    key = _parse_id(user_id)

    def delete() -> bool:
        require_authority_over(_require_found(find_roles(key)), caller)
        return remove_account(key)

    if not in_transaction(delete):
        raise _does_not_exist()
    with suppress(AccountError):  # see privacy.delete_account
        forget_identity(key)
    return str(key)


def _change(
    user_id: str,
    change: Callable[[ObjectId], UserRecord | None],
    event: SecurityEventType,
    caller: Caller,
) -> UserRecord:
    """Make a change to an account that the caller has authority over, and record the event."""
    key = _parse_id(user_id)

    def change_account() -> UserRecord | None:
        require_authority_over(_require_found(find_roles(key)), caller)
        changed = change(key)
        if changed:
            # the owner reads the event: where somebody else asked from is not for them to know
            origin = caller.origin if caller.owns(key) else Caller().origin
            record(event, key, **origin)
        return changed

    account = _require_found(in_transaction(change_account) or find_signed_in(user_id))
    hide_unreadable_fields([account], PROFILE_FIELDS, caller)
    return account


def _parse_id(user_id: str) -> ObjectId:
    """Raises AccountError(DOES_NOT_EXIST), also for a text that is not an id."""
    try:
        return ObjectId(user_id)
    except InvalidId:
        raise _does_not_exist() from None


def _require_found(found: T | None) -> T:
    if found is None:
        raise _does_not_exist()
    return found


def _does_not_exist() -> AccountError:
    return AccountError(ErrorReason.DOES_NOT_EXIST, resource="user")
