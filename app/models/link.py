"""Links sent by mail, as the account keeps them: the last one of each kind."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from bson import ObjectId

from app.clock import now
from app.models.connection import database_query
from app.models.credentials import match_credentials
from app.models.transaction import current_session
from app.models.user import User, report_taken_values
from app.models.user_records import UserRecord


class LinkKind(Enum):
    """What a link is for: its field within `User.links`, and the hours until it expires."""

    VERIFY_EMAIL = "verify_email", 24
    RESET_PASSWORD = "reset_password", 1
    CHANGE_EMAIL = "change_email", 24

    def __init__(self, place: str, hours: int) -> None:
        self.place = place
        self.hours = hours

    @property
    def field(self) -> str:
        """The field of the account that keeps the last link of this kind."""
        return f"links.{self.place}"


@database_query
def activate_link(kind: LinkKind, user_id: ObjectId, link_id: ObjectId, asked_at: datetime) -> bool:
    """Make a link valid, in the place of one requested earlier.

    Return False, and change nothing, when the account is gone or inactive, a newer link was
    requested, or this one is spent. It can be called twice: a mail may be sent again.
    """
    link = {"id": link_id, "asked_at": asked_at, "spent": False}
    older = [{kind.field: None}, {f"{kind.field}.asked_at": {"$lt": asked_at}}]
    same = {f"{kind.field}.id": link_id, f"{kind.field}.spent": False}
    updated = User._get_collection().update_one(
        {"_id": user_id, "active": True, "$or": [*older, same]},
        {"$set": {kind.field: link}},
        session=current_session(),
    )
    return updated.matched_count == 1


@database_query
def spend_link(
    kind: LinkKind, user_id: ObjectId, link_id: ObjectId, changes: Mapping[str, Any]
) -> bool:
    """Use a link up and make its `changes` ($set) to the account, in one update.

    False when it is not the last one, is spent, or the account is gone or inactive.
    Raises AccountError(ALREADY_EXISTS) when a unique value in `changes` is taken.
    """
    live = {f"{kind.field}.id": link_id, f"{kind.field}.spent": False}
    with report_taken_values():
        spent = User._get_collection().update_one(
            {"_id": user_id, "active": True, **live},
            {"$set": {**end_links(kind), "updated_at": now(), **changes}},
            session=current_session(),
        )
    return spent.matched_count == 1


@database_query
def offer_email_change(user: UserRecord, session_id: ObjectId, email: str) -> ObjectId | None:
    """Make a link that gives the account another address, in the place of an older one: its id.

    None when the account or its proofs changed since `user` was read, or the session has ended.
    """
    link_id = ObjectId()
    link = {"id": link_id, "asked_at": now(), "spent": False, "email": email}
    offered = User._get_collection().update_one(
        {**match_credentials(user), "session_ids": session_id},
        {"$set": {LinkKind.CHANGE_EMAIL.field: link}},
        session=current_session(),
    )
    return link_id if offered.matched_count else None


def find_live_link(kind: LinkKind, user: UserRecord | None) -> dict[str, Any] | None:
    """Return the link of this kind that works, as the account was read; `spend_link` decides."""
    link = ((user.links if user and user.active else None) or {}).get(kind.place)
    return link if link and not link["spent"] else None


def end_links(*kinds: LinkKind) -> dict[str, Any]:
    """Return what to $set so that links of these kinds work no more.

    A mail that was asked for before now does not make its link valid either.
    """
    ended: dict[str, Any] = {}
    for kind in kinds:
        ended |= {f"{kind.field}.spent": True, f"{kind.field}.asked_at": now()}
    return ended
