"""The profile: the part of an account that its owner changes, in one atomic update."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pymongo import ReturnDocument

from app.clock import midnight, now
from app.models.connection import database_query
from app.models.transaction import current_session
from app.models.user import User, report_taken_values
from app.models.user_list import update_search_terms
from app.models.user_records import SIGNED_IN, UserRecord


def has_changes(user: UserRecord, values: Mapping[str, Any]) -> bool:
    """Whether any of these values differs from the account's; None stands for no value."""
    return any(getattr(user, name) != convert_to_stored(value) for name, value in values.items())


@database_query
def change_profile(user: UserRecord, values: Mapping[str, Any]) -> UserRecord | None:
    """Write these values, clear those that are None, and return the changed account.

    Call it within a transaction. Returns None, and writes nothing, when the account is gone or
    inactive, or when `values` has an address and the stored one is not that of `user` any more: an
    address is checked as a whole, so it is replaced as a whole.
    Raises AccountError(ALREADY_EXISTS) when a unique value is taken.
    """
    unchanged: dict[str, Any] = {"_id": user.id, "active": True}
    if "address" in values:
        unchanged["address"] = user.address
    kept = {name: convert_to_stored(value) for name, value in values.items() if value is not None}
    # removed, not null: a sparse index leaves out only documents without the field
    cleared = {name: "" for name, value in values.items() if value is None}
    update = {"$set": {**kept, "updated_at": now()}} | ({"$unset": cleared} if cleared else {})
    with report_taken_values():
        changed = User._get_collection().find_one_and_update(
            unchanged,
            update,
            SIGNED_IN,
            return_document=ReturnDocument.AFTER,
            session=current_session(),
        )
    if changed and "full_name" in values:
        update_search_terms(user.id)
    return UserRecord.found(changed)


def convert_to_stored(value: Any) -> Any:
    """Return what BSON stores of a value: of a day its midnight in UTC."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return midnight(value) if is_day else value
