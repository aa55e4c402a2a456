"""An operator exports the accounts, in the format that `import_users` reads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from app.models.bulk_accounts import read_accounts
from app.models.export_policy import list_account_file_fields
from app.profile_fields import PROFILE_FIELDS


def export_users(*, with_hashes: bool = False) -> Iterator[dict[str, Any]]:
    """Yield every account as a JSON object, ids and times as mongoexport writes them.

    Sessions and links sent by mail are left out: they work nowhere else.
    with_hashes: whether to export password hashes; an account cannot be imported without.
    Raises AccountError(DATABASE_UNAVAILABLE), possibly after some accounts.
    """
    names = [name for name in list_account_file_fields() if name != "id"]
    days = {field.name for field in PROFILE_FIELDS.values() if field.is_day}
    for account in read_accounts([*names, "password_hash"] if with_hashes else names):
        line = {"_id": _encode(account.id)}
        for name in names:
            value = getattr(account, name)
            if value is not None:
                line[name] = value.date().isoformat() if name in days else _encode(value)
        if with_hashes and account.password_hash:  # an account may have none
            line["password"] = account.password_hash
        yield line


def _encode(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return {"$oid": str(value)}
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        return {"$date": f"{at.isoformat(timespec='milliseconds')}Z"}
    return value
