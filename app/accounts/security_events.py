"""The security events of an account, newest first."""

from app.accounts.account_access import require_owner_or
from app.accounts.caller import SignedInCaller
from app.accounts.devices import describe_device
from app.models.keyset import Page, Slice
from app.models.security_event import SecurityEventRecord, read_newest_events
from app.models.user_records import UserRecord
from app.permissions import Permission


class ListedEvent(SecurityEventRecord):
    """A security event as read."""

    @property
    def device(self) -> str | None:
        """The browser and the system, from the user agent."""
        return describe_device(self.user_agent)


def list_events(account: UserRecord, asked: Slice, caller: SignedInCaller) -> Page[ListedEvent]:
    """A page of the events of an account, newest first.

    Raises AccountError(PERMISSION_DENIED) unless the account is the caller's own, or
    SECURITY_EVENTS_READ allows.
    """
    require_owner_or(Permission.SECURITY_EVENTS_READ, account, caller)
    return read_newest_events(account.id, asked).map(ListedEvent)
