"""End all sessions of the account."""

from functools import partial

from app.accounts.caller import SignedInCaller
from app.errors import AccountError, ErrorReason
from app.models.live_sessions import end_all_sessions
from app.models.security_event import SecurityEventType
from app.models.session import remove_sessions
from app.models.transaction import in_transaction
from app.security.audit import record


def logout_everywhere(caller: SignedInCaller, *, except_current: bool) -> int:
    """End the account's sessions at once, for their access tokens too. Return how many ended.

    One event LOGGED_OUT is kept for all of them, and none when there was no session to end.
    Raises AccountError(TOKEN_REVOKED) when the caller's session has ended meanwhile.
    """
    return in_transaction(partial(_end_all, caller, except_current))


def _end_all(caller: SignedInCaller, except_current: bool) -> int:
    ids = end_all_sessions(caller.user.id, caller.session_id, keep_asking=except_current)
    if ids is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    ended = remove_sessions(ids)
    if ended:
        record(SecurityEventType.LOGGED_OUT, caller.user.id, **caller.origin)
    return ended
