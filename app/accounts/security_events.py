"""What happened to an account, as its owner sees it."""

from typing import NamedTuple

from bson import ObjectId

from app.accounts.devices import device_of
from app.models.keyset import Slice
from app.models.security_event import SecurityEventRecord, newest_events


class ListedEvent(SecurityEventRecord):
    """A security event as read."""

    @property
    def device(self) -> str | None:
        """The browser and the system, read of the user agent when asked for."""
        return device_of(self.user_agent)


class EventPage(NamedTuple):
    """A page of events, the newest first."""

    rows: list[ListedEvent]
    has_next: bool
    has_previous: bool


def list_events(user_id: ObjectId, asked: Slice) -> EventPage:
    """A page of the events of an account, the newest first."""
    page = newest_events(user_id, asked)
    events = [ListedEvent(row) for row in page.rows]
    return EventPage(events, has_next=page.has_next, has_previous=page.has_previous)
