"""Which sessions of an account are live: its own list decides, in one atomic update each."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from app.models.connection import database_query
from app.models.credentials import match_credentials
from app.models.queries import find_all
from app.models.transaction import current_session
from app.models.user import MAX_SESSIONS, User
from app.models.user_records import UserRecord


@database_query
def begin_session(
    user: UserRecord, session_id: ObjectId, at: datetime, changes: Mapping[str, Any]
) -> bool:
    """Make the session live and note the login, if the account is still as `user` was read.

    changes: what else to $set in the same update, as an upgraded password hash.
    False when the account was deactivated or deleted, or one of its proofs changed meanwhile.
    """
    update = {
        "$set": {**changes, "last_login_at": at},
        "$push": {"session_ids": {"$each": [session_id], "$slice": -MAX_SESSIONS}},
    }
    users, transaction = User._get_collection(), current_session()
    begun = users.update_one(match_credentials(user), update, session=transaction)
    return begun.matched_count == 1


@database_query
def end_session(user_id: ObjectId, session_id: ObjectId) -> bool:
    """End one session at once, for its access tokens too. False when it had ended before."""
    ended = User._get_collection().update_one(
        {"_id": user_id, "session_ids": session_id},
        {"$pull": {"session_ids": session_id}},
        session=current_session(),
    )
    return ended.modified_count == 1


@database_query
def end_all_sessions(
    user_id: ObjectId, asking: ObjectId, *, keep_asking: bool
) -> list[ObjectId] | None:
    """End the account's sessions at once, for their access tokens too. Return which ended.

    asking: the session that asks for it, which goes on where `keep_asking`.
    None, and nothing ends, when the session that asks is not live any more.
    """
    kept = [asking] if keep_asking else []
    before = User._get_collection().find_one_and_update(
        {"_id": user_id, "session_ids": asking},
        {"$set": {"session_ids": kept}},
        {"session_ids": True},
        session=current_session(),
    )
    return before and [ended for ended in before["session_ids"] if ended not in kept]


@database_query
def find_live_session_ids(user_ids: Collection[ObjectId]) -> dict[ObjectId, list[ObjectId]]:
    """Read the live sessions of each of these accounts, in one query for all."""
    asked = {"_id": {"$in": list(user_ids)}}
    found = find_all(User._get_collection(), asked, {"session_ids": True}, limit=len(user_ids))
    return {account["_id"]: account.get("session_ids", []) for account in found}
