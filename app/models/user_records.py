"""An account as read, and how one account is read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

from app.models.connection import database_query
from app.models.queries import find_one
from app.models.record import Record
from app.models.transaction import current_session
from app.models.user import User
from app.profile_fields import PROFILE_FIELDS

UNSEARCHED = {"search": False}  # some twenty strings of no use to whoever reads one account
SIGNED_IN = {**UNSEARCHED, "password_hash": False, "credential_version": False}


class UserRecord(Record, document=User):
    """An account as read. Its secrets are there only where the read asks for them.

    It has all fields of the document; what is annotated here is what the product itself reads.
    """

    id: ObjectId
    email: str
    email_verified: bool
    full_name: str
    password_hash: str | None = None
    credential_version: ObjectId | None = None
    address: dict[str, str] | None
    locale: str
    active: bool
    roles: list[str]
    session_ids: Sequence[ObjectId] = ()
    links: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None
    name_key: str = ""

    @classmethod
    def of(cls, user: User) -> "UserRecord":
        """The record of a document that has just been written."""
        return cls(user.to_mongo().to_dict())


@database_query
def find_by_email(email: str) -> UserRecord | None:
    """Read the account of a normalised address, secrets included: for signing in."""
    return UserRecord.found(find_one(User._get_collection(), {"email": email}, UNSEARCHED))


@database_query
def find_taken_profile_field(user: User) -> str | None:
    """Return the name of a unique profile field whose value another account has, or None."""
    stored = user.to_mongo()
    for name in PROFILE_FIELDS:
        if not User._fields[name].unique or name not in stored:
            continue
        if find_one(User._get_collection(), {name: stored[name]}, {"_id": True}):
            return name
    return None


@database_query
def find_by_id(user_id: ObjectId) -> UserRecord | None:
    """Read an account, secrets included: for asking for a proof, and for writing to its owner."""
    return UserRecord.found(find_one(User._get_collection(), {"_id": user_id}, UNSEARCHED))


@database_query
def find_roles(user_id: ObjectId) -> list[str] | None:
    """The roles of an account, read within the transaction of this thread; None without one.

    Whoever changes the account in the same transaction can rely on them: of two transactions
    that write the same account at once, MongoDB repeats one.
    """
    users, transaction = User._get_collection(), current_session()
    found = users.find_one({"_id": user_id}, {"roles": True}, session=transaction)
    return found and found["roles"]


@database_query
def find_signed_in(user_id: str) -> UserRecord | None:
    """Read the account that a token names, without secrets: the one read of a signed-in request.

    It alone decides whether the account is active, its roles, and which sessions are live.
    None for an account that does not exist, and for what is no id.
    """
    try:
        key = ObjectId(user_id)
    except InvalidId:
        return None
    users = User._get_collection()
    return UserRecord.found(find_one(users, {"_id": key}, SIGNED_IN))
