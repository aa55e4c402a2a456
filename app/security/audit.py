"""Security events: `record` is their only writer."""

from datetime import timedelta

from bson import ObjectId

from app.clock import now
from app.config import current
from app.models.security_event import SecurityEvent, SecurityEventType, add_event
from app.models.session import USER_AGENT_LENGTH


def record(
    type_: SecurityEventType,
    user_id: ObjectId | None,
    *,
    ip_address: str | None,
    user_agent: str | None,
) -> None:
    """Store that something happened to an account, for SECURITY_EVENT_DAYS.

    Within a transaction it is stored if the change is. user_id: None where there is no account;
    the event is stored all the same, so that refusing a login takes the same time, but without
    address and user agent: they may be those of a person whose account was deleted a moment ago,
    and nobody would erase them.
    """
    if user_id is None:
        ip_address = user_agent = None
    at = now()
    add_event(
        SecurityEvent(
            user_id=user_id,
            type=type_,
            at=at,
            ip_address=ip_address,
            user_agent=(user_agent or "")[:USER_AGENT_LENGTH] or None,
            expires_at=at + timedelta(days=current().security_event_days),
        )
    )
