"""What an administrator does to one account: look at it, close and open it, change what it may do,
remove it."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from bson import ObjectId
from bson.errors import InvalidId

from app.accounts.caller import Caller
from app.errors import AccountError, ErrorReason
from app.models.administrators import open_account, replace_roles
from app.models.privacy import close_account, remove_account
from app.models.security_event import SecurityEventType, forget_identity
from app.models.transaction import in_transaction
from app.models.user import Role, UserRecord, find_signed_in
from app.models.user_list import find_account
from app.security.audit import record


def read_account(user_id: str, names: set[str]) -> UserRecord:
    """One account. names: what will be read of it. Raises AccountError(DOES_NOT_EXIST)."""
    return _existing(find_account(_key(user_id), names))


def set_user_active(user_id: str, active: bool, caller: Caller) -> UserRecord:
    """Open or close an account: when it closes, its sessions and links end at once.

    What is so already is no change, and no event is kept of it.
    Raises AccountError: DOES_NOT_EXIST; LAST_ADMIN.
    """
    key = _key(user_id)
    change = open_account if active else close_account
    event = SecurityEventType.ACTIVATED if active else SecurityEventType.DEACTIVATED
    changed = in_transaction(partial(_noted, partial(change, key), event, caller))
    return changed or _existing(find_signed_in(user_id))


def set_user_roles(user_id: str, roles: Iterable[Role], caller: Caller) -> UserRecord:
    """Give an account these roles, each once; USER it always has.

    It may do what they allow from its next request on, with the tokens that it has. What is so
    already is no change, and no event is kept of it.
    Raises AccountError: INVALID_DATA for no roles; DOES_NOT_EXIST; LAST_ADMIN.
    """
    wanted = set(roles)
    if not wanted:
        reason = ErrorReason.INVALID_DATA
        raise AccountError(reason, fields={"roles": reason})
    key = _key(user_id)
    change = partial(replace_roles, key, [role for role in Role if role in {*wanted, Role.USER}])
    changed = in_transaction(partial(_noted, change, SecurityEventType.ROLES_CHANGED, caller))
    return changed or _existing(find_signed_in(user_id))


def delete_user(user_id: str) -> str:
    """Remove all that is kept of a person, or nothing: the id that the account had.

    As `privacy.delete_account` does. Raises AccountError: DOES_NOT_EXIST; LAST_ADMIN.
    """
    key = _key(user_id)
    if not in_transaction(partial(remove_account, key)):
        raise _unknown()
    with suppress(AccountError):  # see delete_account
        forget_identity(key)
    return str(key)


def _noted(change: partial, event: SecurityEventType, caller: Caller) -> UserRecord | None:
    """The owner reads the event: where somebody else asked from is not for them to know."""
    changed = change()
    if changed:
        own = caller.user is not None and caller.user.id == changed.id
        origin = caller.origin if own else Caller().origin
        record(event, changed.id, **origin)
    return changed


def _key(user_id: str) -> ObjectId:
    """What is no id at all is the id of nobody."""
    try:
        return ObjectId(user_id)
    except InvalidId:
        raise _unknown() from None


def _existing(account: UserRecord | None) -> UserRecord:
    if account is None:
        raise _unknown()
    return account


def _unknown() -> AccountError:
    return AccountError(ErrorReason.DOES_NOT_EXIST, resource="user")
