"""End one session of the account, on any device."""

from app.accounts.caller import SignedInCaller
from app.accounts.end_session import end_session
from app.accounts.session_list import ListedSession, list_sessions
from app.errors import AccountError, ErrorReason
from app.models.security_event import SecurityEventType


def revoke_session(session_id: str, caller: SignedInCaller) -> ListedSession:
    """End one of the caller's sessions at once, the current one included. Return it as it was.

    Raises AccountError(DOES_NOT_EXIST) alike for what is no id, another person's session, and one
    that has ended.
    """
    event = SecurityEventType.SESSION_REVOKED
    for session in list_sessions(caller.user, caller):
        if str(session.id) == session_id and end_session(caller.user.id, session.id, event, caller):
            return session
    raise AccountError(ErrorReason.DOES_NOT_EXIST, resource="session")
