"""End one session of an account: used by logout, revocation and reused tokens."""

from bson import ObjectId

from app.accounts.caller import Caller
from app.models.live_sessions import end_session as unlist_session
from app.models.security_event import SecurityEventType
from app.models.session import remove_session
from app.models.transaction import in_transaction
from app.security.audit import record


def end_session(
    user_id: ObjectId, session_id: ObjectId, event: SecurityEventType, caller: Caller
) -> bool:
    """End the session at once, for its access tokens too, and keep the event.

    False, and nothing is written, when it had ended before.
    """

    def end() -> bool:
        # the account's list decides; the session's own document is only tidied away
        ended = unlist_session(user_id, session_id)
        if ended:
            remove_session(session_id)
            record(event, user_id, **caller.origin)
        return ended

    return in_transaction(end)
