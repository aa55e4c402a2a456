"""A person changes what is known of them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.accounts.authenticate import authenticate
from app.accounts.caller import Caller
from app.accounts.profile_forms import profile_changes
from app.errors import AccountError, ErrorReason
from app.models.profile import change_profile, differs
from app.models.security_event import SecurityEventType
from app.models.transaction import in_transaction
from app.models.user import UserRecord
from app.security.audit import record

ATTEMPTS = 20  # each one that fails means that another change of the same account went through


def update_profile(given: Mapping[str, Any], caller: Caller) -> UserRecord:
    """Change what is given and nothing else; null clears what may be empty.

    What is as it was already is no change, and no event is kept of it.
    Raises AccountError: INVALID_DATA with every faulty field; ALREADY_EXISTS naming the field;
    TOKEN_REVOKED, ACCOUNT_INACTIVE when the account went meanwhile.
    """
    for _ in range(ATTEMPTS):
        user = caller.user
        values = profile_changes(given, user.address)
        if not differs(user, values):
            return user
        if changed := in_transaction(partial(_change, user, values, caller)):
            return changed
        # the address was checked beside one that is no more, or the account is gone: look again
        caller = authenticate(caller)
    raise AccountError(ErrorReason.OVERLOADED, retry_after=1)


def _change(user: UserRecord, values: Mapping[str, Any], caller: Caller) -> UserRecord | None:
    changed = change_profile(user, values)
    if changed:
        record(SecurityEventType.PROFILE_UPDATED, user.id, **caller.origin)
    return changed
