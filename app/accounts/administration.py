"""What an administrator can do: see everyone's accounts."""

from app.accounts.pages import page_size
from app.accounts.session_list import read_sessions
from app.models.keyset import Position
from app.models.user import UserRecord, count_accounts, newest_accounts


class AccountPage:
    """A page of accounts, the newest first; how many there are in all is counted when asked."""

    def __init__(self, accounts: list[UserRecord], *, has_next: bool, has_previous: bool) -> None:
        self.rows = accounts
        self.has_next = has_next
        self.has_previous = has_previous

    @property
    def total_count(self) -> int:
        """How many accounts there are, on all pages."""
        return count_accounts()


def list_accounts(first: int | None, after: Position | None, fields: set[str]) -> AccountPage:
    """The `first` newest accounts behind `after`: 20 unless told, at most 100.

    fields: what will be read of each, besides its id and the time it was made.

    Raises AccountError(INVALID_DATA) for another number.
    """
    page = newest_accounts(page_size(first), after, fields)
    accounts = [UserRecord(row) for row in page.rows]
    if "sessions" in fields:
        read_sessions(accounts)
    return AccountPage(accounts, has_next=page.has_next, has_previous=after is not None)
