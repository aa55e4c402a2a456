"""What happened to an account, as its owner sees it."""

from typing import NamedTuple

from bson import ObjectId

from app.accounts.devices import device_of
from app.accounts.pages import page_size
from app.models.keyset import Position
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


def list_events(user_id: ObjectId, first: int | None, after: Position | None) -> EventPage:
    """The `first` newest events of an account behind `after`: 20 unless told, at most 100.

    Raises AccountError(INVALID_DATA) for another number.
    """
    page = newest_events(user_id, page_size(first), after)
    events = [ListedEvent(row) for row in page.rows]
    return EventPage(events, has_next=page.has_next, has_previous=after is not None)
