"""Security events: `record` is their only writer."""

from datetime import timedelta
from functools import partial

from bson import ObjectId

from app.clock import now
from app.config import current
from app.events import AccountEvent, publish
from app.models.security_event import SecurityEvent, SecurityEventType, add_event
from app.models.session import USER_AGENT_LENGTH
from app.models.transaction import after_commit


def record(
    type_: SecurityEventType,
    user_id: ObjectId | None,
    *,
    ip_address: str | None,
    user_agent: str | None,
) -> None:
    """Store a security event of an account for SECURITY_EVENT_DAYS.

    Within a transaction it is stored if the transaction commits. user_id: None where there is no
    account. The event is stored all the same, so that refusing a login takes the same time, but
    without address and user agent: they may be those of a person whose account was deleted a
    moment ago, and nothing would erase them.
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
    event = AccountEvent(type_.name, str(user_id) if user_id else None, at)
    after_commit(partial(publish, event))
