"""Queries of the list of accounts."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING

from app.models.connection import database_query
from app.models.keyset import Page, Slice, read_page
from app.models.queries import Stored, find_one
from app.models.search_terms import search_terms
from app.models.transaction import current_session
from app.models.user import User
from app.models.user_records import UserRecord

SECRETS = {"password_hash", "credential_version", "links"}  # never read for a list


class UserOrderField(Enum):
    """What accounts are ordered by. Accounts with the same value are ordered by their ids."""

    CREATED_AT = "CREATED_AT"
    EMAIL = "EMAIL"
    FULL_NAME = "FULL_NAME"

    @property
    def key(self) -> str:
        """Where the account keeps it."""
        return "name_key" if self is UserOrderField.FULL_NAME else self.value.lower()


@database_query
def read_account_page(
    where: Mapping[str, Any],
    order: UserOrderField,
    asked: Slice,
    fields: Collection[str],
    *,
    ascending: bool,
) -> Page[Stored]:
    """A page of the accounts that match `where`, of which only `fields` are read.

    It is read in the order of an index, named here: for a filter that few accounts match, MongoDB
    may prefer another, and sort what that finds.
    """
    return read_page(
        User._get_collection(),
        _projection(fields, order.key),
        where=where,
        key=order.key,
        ascending=ascending,
        asked=asked,
        hint=_index(where, order),
    )


@database_query
def count_accounts(where: Mapping[str, Any]) -> int:
    """How many accounts match."""
    return User._get_collection().count_documents(where)


@database_query
def find_account(user_id: ObjectId, fields: Collection[str]) -> UserRecord | None:
    """One account, of which only `fields` are read."""
    found = find_one(User._get_collection(), {"_id": user_id}, _projection(fields))
    return UserRecord.found(found)


@database_query
def update_search_terms(user_id: ObjectId) -> None:
    """Update the search terms of an account. Call it in the transaction that changes the address
    or the name: of two such transactions at the same time MongoDB repeats one, which sees both.
    """
    users, transaction = User._get_collection(), current_session()
    told = {"email": True, "full_name": True}
    user = users.find_one({"_id": user_id}, told, session=transaction)
    search_filter = search_terms(email=user["email"], full_name=user["full_name"])
    users.update_one({"_id": user_id}, {"$set": search_filter}, session=transaction)


def _projection(fields: Collection[str], *others: str) -> dict[str, bool]:
    return dict.fromkeys({"_id", *others, *fields} - SECRETS, True)


def _index(where: Mapping[str, Any], order: UserOrderField) -> dict[str, int]:
    searched = ("search.keys",) if "search.keys" in where else ()
    return dict.fromkeys((*searched, order.key, "_id"), ASCENDING)
