"""End the session in use."""

from app.accounts.caller import SignedInCaller
from app.accounts.end_session import end_session
from app.models.security_event import SecurityEventType


def logout(caller: SignedInCaller) -> int:
    """End the caller's session at once, for its access token too. Return how many ended: 0 or 1."""
    event = SecurityEventType.LOGGED_OUT
    return int(end_session(caller.user.id, caller.session_id, event, caller))
