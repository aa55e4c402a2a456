"""Links sent by mail, as the account remembers them: the last one of each kind."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from bson import ObjectId

from app.clock import now
from app.models.connection import asks_database
from app.models.transaction import current_session
from app.models.user import User, naming_what_is_taken


class LinkKind(Enum):
    """What a link is for: the name of its place in the account, and hours until it expires."""

    VERIFY_EMAIL = "verify_email", 24
    RESET_PASSWORD = "reset_password", 1
    CHANGE_EMAIL = "change_email", 24

    def __init__(self, place: str, hours: int) -> None:
        self.place = place
        self.hours = hours

    @property
    def field(self) -> str:
        """Where the account keeps the last one."""
        return f"links.{self.place}"


@asks_database
def arm_link(kind: LinkKind, user_id: ObjectId, link_id: ObjectId, asked_at: datetime) -> bool:
    """Make a link the one that works, in the place of one asked for earlier.

    False when there is nothing to arm: the account is gone or inactive, or a newer link was asked
    for, or this one is spent. Armed twice it stays armed: a mail may be sent again.
    """
    link = {"id": link_id, "asked_at": asked_at, "spent": False}
    older = [{kind.field: None}, {f"{kind.field}.asked_at": {"$lt": asked_at}}]
    same = {f"{kind.field}.id": link_id, f"{kind.field}.spent": False}
    armed = User._get_collection().update_one(
        {"_id": user_id, "active": True, "$or": [*older, same]},
        {"$set": {kind.field: link}},
        session=current_session(),
    )
    return armed.matched_count == 1


@asks_database
def spend_link(
    kind: LinkKind, user_id: ObjectId, link_id: ObjectId, changes: Mapping[str, Any]
) -> bool:
    """Use a link up and make its `changes` ($set) to the account, in one update.

    False when it is not the last one, is spent, or the account is gone or inactive.
    Raises AccountError(ALREADY_EXISTS) when a unique value in `changes` is taken.
    """
    live = {f"{kind.field}.id": link_id, f"{kind.field}.spent": False}
    with naming_what_is_taken():
        spent = User._get_collection().update_one(
            {"_id": user_id, "active": True, **live},
            {"$set": {f"{kind.field}.spent": True, "updated_at": now(), **changes}},
            session=current_session(),
        )
    return spent.matched_count == 1


def spent(*kinds: LinkKind) -> dict[str, Any]:
    """What to $set so that links of these kinds work no more, nor those still on their way."""
    at = now()
    return {kind.field: {"id": ObjectId(), "asked_at": at, "spent": True} for kind in kinds}
