"""The live sessions of accounts, newest first."""

from collections.abc import Iterable
from operator import attrgetter

from bson import ObjectId

from app.accounts.account_access import require_owner_or
from app.accounts.caller import SignedInCaller
from app.accounts.devices import describe_device
from app.models.session import SessionRecord, find_live_sessions
from app.models.user_records import UserRecord
from app.permissions import Permission


class ListedSession(SessionRecord):
    """A live session as read, without its refresh token's id.

    current: whether it is the session of the request.
    """

    current: bool = False

    @property
    def device(self) -> str | None:
        """The browser and the system, from the user agent."""
        return describe_device(self.user_agent)


def list_sessions(account: UserRecord, caller: SignedInCaller) -> list[ListedSession]:
    """The live sessions of one account. `account` was read with its session ids.

    Raises AccountError(PERMISSION_DENIED) unless it is the caller's own, or SESSIONS_READ allows.
    """
    return list_sessions_of([account], caller)[account.id]


def list_sessions_of(
    accounts: Iterable[UserRecord], caller: SignedInCaller
) -> dict[ObjectId, list[ListedSession]]:
    """The same for several accounts, by one query: the sessions by account id."""
    accounts = list(accounts)
    for account in accounts:
        require_owner_or(Permission.SESSIONS_READ, account, caller)
    stored = find_live_sessions([id_ for account in accounts for id_ in account.session_ids])
    sessions = {session.id: session for session in map(ListedSession, stored)}
    if caller.session_id in sessions:
        sessions[caller.session_id].current = True
    return {
        account.id: _newest_first(sessions[id_] for id_ in account.session_ids if id_ in sessions)
        for account in accounts
    }


def _newest_first(sessions: Iterable[ListedSession]) -> list[ListedSession]:
    return sorted(sessions, key=attrgetter("created_at", "id"), reverse=True)
