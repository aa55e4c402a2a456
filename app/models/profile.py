"""The profile: the part of an account that its owner changes, by one atomic question."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pymongo import ReturnDocument

from app.clock import midnight, now
from app.models.connection import database_query
from app.models.transaction import current_session
from app.models.user import SIGNED_IN, User, UserRecord, report_taken_values
from app.models.user_list import update_search_terms


def differs(user: UserRecord, values: Mapping[str, Any]) -> bool:
    """Whether any of these values is another than the account has; None stands for none."""
    return any(getattr(user, name) != _stored(value) for name, value in values.items())


@database_query
def change_profile(user: UserRecord, values: Mapping[str, Any]) -> UserRecord | None:
    """Write these values, clear those that are None, and return the account as it is now; to be
    asked within a transaction.

    None, and nothing is written, when the account is gone or inactive, or when `values` has an
    address and another than `user` was read with has been written meanwhile: an address is checked
    as a whole, so it is replaced as a whole.
    Raises AccountError(ALREADY_EXISTS) when a unique value is taken.
    """
    same = {"_id": user.id, "active": True}
    if "address" in values:
        same["address"] = user.address
    kept = {name: _stored(value) for name, value in values.items() if value is not None}
    # cleared, not null: a sparse index knows nothing of what is not there
    cleared = {name: "" for name, value in values.items() if value is None}
    update = {"$set": {**kept, "updated_at": now()}} | ({"$unset": cleared} if cleared else {})
    with report_taken_values():
        changed = User._get_collection().find_one_and_update(
            same,
            update,
            SIGNED_IN,
            return_document=ReturnDocument.AFTER,
            session=current_session(),
        )
    if changed and "full_name" in values:
        update_search_terms(user.id)
    return UserRecord.found(changed)


def _stored(value: Any) -> Any:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return midnight(value) if is_day else value
