"""The sessions of an account, as its owner sees them."""

from collections.abc import Iterable
from operator import attrgetter

from bson import ObjectId

from app.accounts.devices import device_of
from app.models.live_sessions import live_session_ids
from app.models.session import SessionRecord, find_devices
from app.models.user import UserRecord


class ListedSession(SessionRecord):
    """A live session as read, without what refreshes it.

    current: whether it is the one of the token that asks.
    """

    current: bool = False

    @property
    def device(self) -> str | None:
        """The browser and the system, read of the user agent when asked for."""
        return device_of(self.user_agent)


def list_sessions(account: UserRecord, asking: ObjectId | None) -> list[ListedSession]:
    """The account's live sessions, the newest first. asking: the session of the token that asks."""
    if "sessions" not in vars(account):
        read_sessions([account])
    for session in account.sessions:
        session.current = session.id == asking
    return account.sessions


def read_sessions(accounts: list[UserRecord]) -> None:
    """Read the live sessions of all these accounts at once, for `list_sessions` to show."""
    live = _live_ids(accounts)
    stored = find_devices([session_id for ids in live.values() for session_id in ids])
    found = {session.id: session for session in map(ListedSession, stored)}
    for account in accounts:
        listed = (found[id_] for id_ in live.get(account.id, ()) if id_ in found)
        account.sessions = _newest_first(listed)


def _live_ids(accounts: list[UserRecord]) -> dict[ObjectId, list[ObjectId]]:
    """The account alone knows which of its sessions live; one read for a list did not ask it."""
    known = {each.id: each.session_ids for each in accounts if "session_ids" in vars(each)}
    unknown = [account.id for account in accounts if account.id not in known]
    return known | live_session_ids(unknown) if unknown else known


def _newest_first(sessions: Iterable[ListedSession]) -> list[ListedSession]:
    return sorted(sessions, key=attrgetter("created_at", "id"), reverse=True)
