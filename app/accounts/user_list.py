"""The list of all accounts, page by page, for whoever may read them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from app.accounts.account_access import hide_unreadable_fields
from app.accounts.caller import Caller
from app.accounts.user_filter import conditions
from app.models import user_list
from app.models.keyset import Page, Slice
from app.models.user_list import UserOrderField, read_account_page
from app.models.user_records import UserRecord
from app.permissions import Permission


class OrderDirection(Enum):
    """The direction of an order."""

    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True)
class UserList:
    """Accounts that match a filter, in an order; read page by page.

    where: the filter, as the database reads it.
    """

    where: Mapping[str, Any]
    field: UserOrderField = UserOrderField.CREATED_AT
    direction: OrderDirection = OrderDirection.DESC


def select_accounts(
    wanted: Mapping[str, Any], order: Mapping[str, Any], caller: Caller
) -> UserList:
    """The list of the accounts that match `wanted` (see `user_filter.conditions`), in `order`.

    Raises AccountError: PERMISSION_DENIED without USERS_READ; INVALID_DATA.
    """
    caller.require(Permission.USERS_READ)
    return UserList(conditions(wanted), **order)


def list_accounts(
    accounts: UserList, asked: Slice, fields: Collection[str], caller: Caller
) -> Page[UserRecord]:
    """A page of the list with these fields; one that the caller may not read holds the refusal.

    Raises AccountError: PERMISSION_DENIED without USERS_READ.
    """
    caller.require(Permission.USERS_READ)
    ascending = accounts.direction is OrderDirection.ASC
    page = read_account_page(
        accounts.where, accounts.field, asked, fields, ascending=ascending
    ).map(UserRecord)
    hide_unreadable_fields(page.rows, fields, caller)
    return page


def count_accounts(accounts: UserList, caller: Caller) -> int:
    """How many accounts match, on all pages.

    Raises AccountError: PERMISSION_DENIED without USERS_READ.
    """
    caller.require(Permission.USERS_READ)
    return user_list.count_accounts(accounts.where)
