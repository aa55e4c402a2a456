"""The credentials of an account, and whether they have changed since it was read.

`credential_version` is an opaque value that every change of a proof replaces, as a new password
does. An update that relies on a proof has it in its filter, and fails if the proof was replaced
meanwhile. Hashing the same password again is no change of the proof.
"""

from typing import Any

from bson import ObjectId

from app.models.user_records import UserRecord


def match_credentials(user: UserRecord) -> dict[str, Any]:
    """Return the filter for the account if it is active and its proofs are as `user` was read.

    Accounts stored before there was a version have none, until a proof changes: in MongoDB a
    filter for None matches a field that is missing.
    """
    return {"_id": user.id, "active": True, "credential_version": user.credential_version}


def change_password(password_hash: str) -> dict[str, Any]:
    """Return what to $set so that the account has this password and another version."""
    return {"password_hash": password_hash, "credential_version": ObjectId()}
