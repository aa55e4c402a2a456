"""Change the profile of an account."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.accounts.authenticate import authenticate
from app.accounts.caller import SignedInCaller
from app.accounts.profile_forms import profile_changes
from app.errors import AccountError, ErrorReason
from app.models.profile import change_profile, has_changes
from app.models.security_event import SecurityEventType
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord
from app.security.audit import record

ATTEMPTS = 20  # each failed one means that another change of the same account succeeded


def update_profile(given: Mapping[str, Any], caller: SignedInCaller) -> UserRecord:
    """Change the given fields and no others; null clears a field that is not required.

    Values that the account already has are no change, and cause no security event.
    Raises AccountError: INVALID_DATA with every error of every field; ALREADY_EXISTS naming the
    field; TOKEN_REVOKED or ACCOUNT_INACTIVE when the account was deleted or closed meanwhile.
    """
    for _ in range(ATTEMPTS):
        user = caller.user
        values = profile_changes(given, user.address)
        if not has_changes(user, values):
            return user
        if changed := in_transaction(partial(_change, user, values, caller)):
            return changed
        # another request changed the address meanwhile, or the account is gone: read it again
        caller = authenticate(caller)
    raise AccountError(ErrorReason.OVERLOADED, retry_after=1)


def _change(
    user: UserRecord, values: Mapping[str, Any], caller: SignedInCaller
) -> UserRecord | None:
    changed = change_profile(user, values)
    if changed:
        record(SecurityEventType.PROFILE_UPDATED, user.id, **caller.origin)
    return changed
