"""An operator takes the accounts out, as `import_users` reads them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from app.models.bulk_accounts import read_accounts

EXPORTED = (
    *("email", "email_verified", "full_name", "cpf_cnpj", "date_of_birth", "address"),
    *("locale", "active", "roles", "created_at", "updated_at", "last_login_at"),
)


def export_users(*, with_hashes: bool = False) -> Iterator[dict[str, Any]]:
    """Every account as JSON tells of it, ids and times as mongoexport writes them.

    Sessions and links sent by mail stay: they work nowhere else. Password hashes, without which an
    account cannot be imported, only go `with_hashes`.
    Raises AccountError(DATABASE_UNAVAILABLE), be it in the midst.
    """
    names = (*EXPORTED, "password_hash") if with_hashes else EXPORTED
    for account in read_accounts(names):
        stored = {"_id": account.id} | {name: getattr(account, name) for name in names}
        line = {name: _told(value) for name, value in stored.items() if value is not None}
        if account.date_of_birth:
            line["date_of_birth"] = account.date_of_birth.date().isoformat()
        if "password_hash" in line:  # an account may have none
            line["password"] = line.pop("password_hash")
        yield line


def _told(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return {"$oid": str(value)}
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        return {"$date": f"{at.isoformat(timespec='milliseconds')}Z"}
    return value
