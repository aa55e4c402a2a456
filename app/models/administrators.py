"""Changes by administrators: activate accounts, change roles, and keep one administrator."""

from collections.abc import Sequence

from bson import ObjectId
from mongoengine import Document, IntField, StringField
from pymongo import ReturnDocument

from app.clock import now
from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.connection import database_query
from app.models.transaction import current_session
from app.models.user import User
from app.models.user_records import SIGNED_IN, UserRecord
from app.permissions import ADMIN

THE_ONE = "administrators"


class Administrators(Document):
    """One document that is written by every transaction that may remove an administrator.

    Of two such transactions at the same time MongoDB repeats one, which then sees what the other
    did: they cannot both remove the last administrator.
    """

    id = StringField(primary_key=True, required=True, help_text="Always the same.")
    losses = IntField(required=True, default=0, help_text="How often the role was lost.")

    meta = {"collection": "administrators", "auto_create_index": False}


@database_query
def keep_one_administrator(before: dict) -> None:
    """Refuse a change that leaves no active administrator; call it in the change's transaction.

    before: the account as it was before it loses the role, is deactivated or is deleted.
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
    """Activate an account and return it. None if there is no such account, or it is active."""
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
    """Set the roles of an account and return it. None if there is none, or it has these roles.

    Raises AccountError(LAST_ADMIN): call it in a transaction, which is then aborted.
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
