"""The stored password of an account: replaced in one update, if nothing else replaced it first."""

from bson import ObjectId

from app.clock import now
from app.models.connection import database_query
from app.models.link import LinkKind, spent
from app.models.transaction import current_session
from app.models.user import User, UserRecord


@database_query
def replace_password(user: UserRecord, session_id: ObjectId, password_hash: str) -> bool:
    """Store another hash, leave one session live, and end the links that the old one vouched for.

    False when the account is no more as `user` was read, or the session has ended.
    """
    same = {
        "_id": user.id,
        "active": True,
        "password_hash": user.password_hash,
        "session_ids": session_id,
    }
    changes = {
        "password_hash": password_hash,
        "session_ids": [session_id],
        "updated_at": now(),
        **spent(LinkKind.RESET_PASSWORD, LinkKind.CHANGE_EMAIL),
    }
    users, transaction = User._get_collection(), current_session()
    return users.update_one(same, {"$set": changes}, session=transaction).matched_count == 1
