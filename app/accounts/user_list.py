"""An administrator looks through everyone's accounts, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from app.accounts.session_list import read_sessions
from app.models.keyset import Slice
from app.models.user import UserRecord
from app.models.user_list import UserOrderField, count_accounts, page_of_accounts


class OrderDirection(Enum):
    """Which end of an order comes first."""

    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True)
class UserList:
    """Some accounts in some order: what is asked page by page, whichever page it is.

    where: the filter, as the database reads it.
    """

    where: Mapping[str, Any]
    field: UserOrderField = UserOrderField.CREATED_AT
    direction: OrderDirection = OrderDirection.DESC


class AccountPage:
    """A page of a list of accounts; how many there are in all is counted when asked."""

    def __init__(
        self, wanted: UserList, accounts: list[UserRecord], *, has_next: bool, has_previous: bool
    ) -> None:
        self._wanted = wanted
        self.rows = accounts
        self.has_next = has_next
        self.has_previous = has_previous

    @cached_property
    def total_count(self) -> int:
        """How many accounts match, on all pages."""
        return count_accounts(self._wanted.where)


def list_accounts(wanted: UserList, asked: Slice, names: set[str]) -> AccountPage:
    """A page of the list. names: what will be read of each account; with `sessions` among them,
    those of the whole page are read at once.
    """
    page = page_of_accounts(
        wanted.where, wanted.field, asked, names, ascending=wanted.direction is OrderDirection.ASC
    )
    accounts = [UserRecord(row) for row in page.rows]
    if "sessions" in names:
        for account in accounts:
            vars(account).setdefault("session_ids", [])  # it was asked for: there are none
        read_sessions(accounts)
    return AccountPage(wanted, accounts, has_next=page.has_next, has_previous=page.has_previous)
