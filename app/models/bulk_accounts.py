"""Accounts that come from elsewhere, and go there: many at once, in bounded memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo.errors import BulkWriteError

from app.clock import midnight, now
from app.models.attempt import DUPLICATE_KEY
from app.models.connection import database_query
from app.models.long_operations import in_batches, long_timeout
from app.models.queries import Stored, find_all
from app.models.search_terms import search_terms
from app.models.user import Role, User, UserRecord

NAMES = {"_id": "id"}  # where a line names it otherwise


class Inserted(NamedTuple):
    """What became of accounts, by their place: all others are in.

    known: were in before, by an earlier run. taken: the name of a value that is another account's.
    """

    known: set[int]
    taken: dict[int, str]


def storable(values: Mapping[str, Any]) -> Stored:
    """The account as User.add would store it, without the cost of a document for each.

    values: as the forms read them; what is None or missing is what it is for a new account.
    """
    moment = now()
    given = {name: value for name, value in values.items() if value is not None}
    created_at = given.get("created_at", moment)
    account = {
        "_id": given.pop("id", None) or ObjectId(),
        "email_verified": False,
        "locale": User.locale.default,
        "active": True,
        "credential_version": ObjectId(),
        "session_ids": [],
        "created_at": created_at,
        "updated_at": created_at,
        **given,
        "roles": [role.value for role in given.get("roles", (Role.USER,))],
        **search_terms(email=given["email"], full_name=given["full_name"]),
    }
    if isinstance(day := account.get("date_of_birth"), date):
        account["date_of_birth"] = midnight(day)
    return account


@database_query
def insert_accounts(accounts: Sequence[Stored], *, look_first: bool) -> Inserted:
    """Insert all that can be; the unique indexes decide, within this batch too.

    An account is known that has the same id and was made at the same time or has the same address,
    or that has the same address and the same password hash.
    look_first: for those that are known, before inserting any: where they are many, being refused
    costs most of the time.
    """
    with long_timeout():
        known = _known(accounts, range(len(accounts)), "email") if look_first else set()
        places = [place for place in range(len(accounts)) if place not in known]
        refused = _insert([accounts[place] for place in places])
        again = _known(accounts, [places[place] for place in refused], "_id", "email")
    taken = {places[place]: name for place, name in refused.items()}
    return Inserted(known | again, {p: name for p, name in taken.items() if p not in again})


def read_accounts(fields: Collection[str]) -> Iterator[UserRecord]:
    """Every account once, by its id, of which only `fields` are read.

    What changes meanwhile is told as it is when its batch is read.
    """
    read = dict.fromkeys(("_id", *fields), True)
    for rows in in_batches(User._get_collection(), {}, read):
        yield from map(UserRecord, rows)


def _insert(accounts: Sequence[Stored]) -> dict[int, str]:
    """Insert these: by its place, the name of what is taken for each that is refused."""
    try:
        if accounts:
            User._get_collection().insert_many(accounts, ordered=False)
    except BulkWriteError as error:
        refusals = error.details["writeErrors"]
        if not refusals or any(one["code"] != DUPLICATE_KEY for one in refusals):
            raise
        names = {one["index"]: next(iter(one["keyPattern"])) for one in refusals}
        return {place: NAMES.get(name, name) for place, name in names.items()}
    return {}


def _known(accounts: Sequence[Stored], places: Sequence[int], *by: str) -> set[int]:
    """Which of these were in before, found by the names of these values."""
    known = set()
    for name in by if places else ():
        here = _here(name, [accounts[place] for place in places])
        found = ((place, here.get(accounts[place][name])) for place in places)
        known |= {place for place, other in found if other and _is_same(accounts[place], other)}
    return known


def _here(name: str, accounts: Sequence[Stored]) -> dict[Any, Stored]:
    values = [account[name] for account in accounts]
    read = dict.fromkeys(("email", "password_hash", "created_at"), True)
    found = find_all(User._get_collection(), {name: {"$in": values}}, read, limit=len(values))
    return {other[name]: other for other in found}


def _is_same(account: Stored, other: Stored) -> bool:
    same_address = account["email"] == other["email"]
    if account["_id"] == other["_id"]:
        return same_address or account["created_at"] == other["created_at"]
    return same_address and account["password_hash"] == other.get("password_hash")
