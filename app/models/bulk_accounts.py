"""Import and export of accounts: many at once, in bounded memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo.errors import BulkWriteError

from app.clock import now
from app.models.attempt import DUPLICATE_KEY
from app.models.connection import database_query
from app.models.long_operations import in_batches, long_timeout
from app.models.profile import convert_to_stored
from app.models.queries import Stored, find_all
from app.models.search_terms import search_terms
from app.models.user import User
from app.models.user_records import UserRecord
from app.permissions import USER
from app.profile_fields import PROFILE_FIELDS

INPUT_NAMES = {"_id": "id"}  # the names in an input, where they differ


class Inserted(NamedTuple):
    """The accounts that were not inserted, by their place in the sequence.

    known: those that an earlier run inserted. taken: those of which another account has a unique
    value, and the name of that field.
    """

    known: set[int]
    taken: dict[int, str]


def make_stored_account(values: Mapping[str, Any]) -> Stored:
    """Return the account as User.add would store it, without the cost of a document for each.

    values: as the forms return them. What is None or missing gets the default of a new account.
    """
    moment = now()
    given = {name: value for name, value in values.items() if value is not None}
    created_at = given.get("created_at", moment)
    account: Stored = {
        "_id": given.pop("id", None) or ObjectId(),
        "email_verified": False,
        **_profile_defaults(),
        "active": True,
        "credential_version": ObjectId(),
        "session_ids": [],
        "created_at": created_at,
        "updated_at": created_at,
        **given,
        "roles": given.get("roles") or [USER.name],
        **search_terms(email=given["email"], full_name=given["full_name"]),
    }
    return {name: convert_to_stored(value) for name, value in account.items()}


def _profile_defaults() -> Stored:
    defaults = {name: User._fields[name].default for name in PROFILE_FIELDS}
    return {
        name: default() if callable(default) else default
        for name, default in defaults.items()
        if default is not None
    }


@database_query
def insert_accounts(accounts: Sequence[Stored], *, look_first: bool) -> Inserted:
    """Insert what the unique indexes accept, and return the others.

    An account is known if one with its id was created at the same time or has the same address, or
    if one with its address has the same password hash.
    look_first: whether to look for known accounts before inserting, which is faster when there are
    many of them.
    """
    with long_timeout():
        known = _find_known(accounts, range(len(accounts)), "email") if look_first else set()
        places = [place for place in range(len(accounts)) if place not in known]
        refused = _insert([accounts[place] for place in places])
        again = _find_known(accounts, [places[place] for place in refused], "_id", "email")
    taken = {places[place]: name for place, name in refused.items()}
    return Inserted(known | again, {p: name for p, name in taken.items() if p not in again})


def read_accounts(fields: Collection[str]) -> Iterator[UserRecord]:
    """Yield every account once, in the order of their ids. Only `fields` are read.

    What changes meanwhile is read as it is when its batch is read.
    """
    read = dict.fromkeys(("_id", *fields), True)
    for rows in in_batches(User._get_collection(), {}, read):
        yield from map(UserRecord, rows)


def _insert(accounts: Sequence[Stored]) -> dict[int, str]:
    """Insert these, and return the place of each refused one and the name of its taken field."""
    try:
        if accounts:
            User._get_collection().insert_many(accounts, ordered=False)
    except BulkWriteError as error:
        refusals = (error.details or {})["writeErrors"]
        if not refusals or any(one["code"] != DUPLICATE_KEY for one in refusals):
            raise
        names = {one["index"]: next(iter(one["keyPattern"])) for one in refusals}
        return {place: INPUT_NAMES.get(name, name) for place, name in names.items()}
    return {}


def _find_known(accounts: Sequence[Stored], places: Sequence[int], *by: str) -> set[int]:
    """Return which of these are known, found by the values of the fields `by`."""
    known: set[int] = set()
    for name in by if places else ():
        stored = _find_by(name, [accounts[place] for place in places])
        found = ((place, stored.get(accounts[place][name])) for place in places)
        known |= {place for place, other in found if other and _is_same(accounts[place], other)}
    return known


def _find_by(name: str, accounts: Sequence[Stored]) -> dict[Any, Stored]:
    """Return the stored accounts that have these values of the field, by the value."""
    values = [account[name] for account in accounts]
    read = dict.fromkeys(("email", "password_hash", "created_at"), True)
    found = find_all(User._get_collection(), {name: {"$in": values}}, read, limit=len(values))
    return {other[name]: other for other in found}


def _is_same(account: Stored, other: Stored) -> bool:
    same_address = account["email"] == other["email"]
    if account["_id"] == other["_id"]:
        return same_address or account["created_at"] == other["created_at"]
    return same_address and account["password_hash"] == other.get("password_hash")
