"""Replace the password of an account in one update, unless another change came first."""

from bson import ObjectId

from app.clock import now
from app.models.connection import database_query
from app.models.credentials import change_password, match_credentials
from app.models.link import LinkKind, end_links
from app.models.transaction import current_session
from app.models.user import User
from app.models.user_records import UserRecord


@database_query
def replace_password(user: UserRecord, session_id: ObjectId, password_hash: str) -> bool:
    """Store another password, leave one session live, and end the links that the old one allowed.

    False when the account or its proofs changed since `user` was read, or the session has ended.
    """
    changes = {
        **change_password(password_hash),
        "session_ids": [session_id],
        "updated_at": now(),
        **end_links(LinkKind.RESET_PASSWORD, LinkKind.CHANGE_EMAIL),
    }
    replaced = User._get_collection().update_one(
        {**match_credentials(user), "session_ids": session_id},
        {"$set": changes},
        session=current_session(),
    )
    return replaced.matched_count == 1
