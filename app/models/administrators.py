"""Who administers: accounts opened and given roles, and that there is always somebody to do so."""

from collections.abc import Sequence

from bson import ObjectId
from mongoengine import Document, IntField, StringField
from pymongo import ReturnDocument

from app.clock import now
from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.connection import database_query
from app.models.transaction import current_session
from app.models.user import SIGNED_IN, User, UserRecord
from app.permissions import ADMIN

THE_ONE = "administrators"


class Administrators(Document):
    """One document that every loss of an administrator writes, in its own transaction: so of two
    at the same time one is repeated, and sees what the other did.
    """

    id = StringField(primary_key=True, required=True, help_text="Always the same.")
    losses = IntField(required=True, default=0, help_text="How often the role was lost.")

    meta = {"collection": "administrators", "auto_create_index": False}


@database_query
def keep_one_administrator(before: dict) -> None:
    """Refuse, within the transaction of the change, what leaves no live administrator.

    before: the account that is losing its role, its life or itself, as it was.
    Raises AccountError(LAST_ADMIN).
    """
    if ADMIN.name not in before["roles"] or not before["active"]:
        return
    transaction, loss = current_session(), {"$inc": {"losses": 1}}
    administrators = Administrators._get_collection()
    administrators.update_one({"_id": THE_ONE}, loss, upsert=True, session=transaction)
    live = {"roles": ADMIN.name, "active": True}
    if current().require_verified_email:
        live["email_verified"] = True
    if User._get_collection().find_one(live, {"_id": True}, session=transaction) is None:
        raise AccountError(ErrorReason.LAST_ADMIN)


@database_query
def open_account(user_id: ObjectId) -> UserRecord | None:
    """Let an account sign in again: as it is now. None when it is gone, or was not closed."""
    return UserRecord.found(
        User._get_collection().find_one_and_update(
            {"_id": user_id, "active": False},
            {"$set": {"active": True, "updated_at": now()}},
            SIGNED_IN,
            return_document=ReturnDocument.AFTER,
            session=current_session(),
        )
    )


@database_query
def replace_roles(user_id: ObjectId, roles: Sequence[str]) -> UserRecord | None:
    """Give an account these roles and no others: as it is now. None when it is gone, or has them.

    Raises AccountError(LAST_ADMIN), with nothing written if it is asked within a transaction.
    """
    changes = {"roles": list(roles), "updated_at": now()}
    before = User._get_collection().find_one_and_update(
        {"_id": user_id, "roles": {"$ne": changes["roles"]}},
        {"$set": changes},
        SIGNED_IN,
        session=current_session(),
    )
    if before and ADMIN.name not in roles:
        keep_one_administrator(before)
    return before and UserRecord({**before, **changes})
