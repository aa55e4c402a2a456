"""The form of an account from elsewhere: this project's ancestor's, or an export of our own."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bson import ObjectId
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load

from app.accounts.forms import CpfCnpj, DateOfBirth, Email, Locale, Name, refuse
from app.accounts.profile_forms import ADDRESS, Faults, profile_changes
from app.errors import AccountError, ErrorReason
from app.permissions import ADMIN, ROLES, USER
from app.security.passwords import PREFIX

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CAPITAL = re.compile("(?<=[a-z])[A-Z]")
OTHER_NAMES = {"_id": "id", "created": "created_at", "password_hash": "password"}
OTHER_PARTS = {"address": "street"}
# a salt whose last character has bits that bcrypt does not use makes it refuse to check at all
HASH = re.compile(
    rf"(?:{re.escape(PREFIX)})?\$2[aby]\$(?P<cost>[0-9]{{2}})\$"
    r"[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
)
COSTS = range(4, 17)  # bcrypt's least; the most that BCRYPT_ROUNDS may be: 17 takes ten seconds


def read_account(
    document: Mapping[str, Any],
) -> tuple[dict[str, Any], Faults, set[str]]:
    """The values that are right, what is wrong with the others, and the names nothing is known of.

    Names in snake_case or camelCase, values as mongoexport writes them; null and blank is missing.
    """
    given, ignored = _known(document, FORM.fields, OTHER_NAMES)
    parts = given.pop("address", None)
    try:
        values, faults = FORM.load(given), []
    except ValidationError as error:
        values = error.valid_data
        faults = [((name,), why) for name, whys in error.messages.items() for why in whys]
    if parts is not None:
        address, more, unknown = _read_address(parts)
        values["address"] = address
        faults += more
        ignored |= {f"address.{name}" for name in unknown}
    return values, faults, ignored


def _read_address(parts: Any) -> tuple[dict[str, str] | None, Faults, set[str]]:
    if not isinstance(parts, dict):
        return None, [(("address",), ErrorReason.INVALID_DATA)], set()
    given, ignored = _known(parts, ADDRESS.fields, OTHER_PARTS)
    if given.keys() <= {"country"} and len(parts) > 1:
        return None, [], ignored  # the ancestor kept blanks, and a country, where nothing was told
    try:
        return profile_changes({"address": given}, None).get("address"), [], ignored
    except AccountError as error:
        return None, error.fields, ignored


def _known(
    document: Mapping[str, Any], names: Mapping[str, Any], others: Mapping[str, str]
) -> tuple[dict[str, Any], set[str]]:
    """What is not empty, by its name here; and the names of what has none. The first counts."""
    known: dict[str, Any] = {}
    ignored = set()
    for name, value in document.items():
        own = CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name)
        own = others.get(own, own)
        if own not in names:
            ignored.add(name)
        elif value is not None and value != "":
            known.setdefault(own, value)
    return known, ignored


def _moment(value: Any) -> datetime:
    """A time as mongoexport writes it, to the millisecond; in UTC where it does not say where.

    Raises `refuse(INVALID_DATE)`.
    """
    if isinstance(value, dict):
        value = value.get("$date")
    try:
        if isinstance(value, dict):  # before 1970 or after 9999, and always in canonical form
            value = int(value["$numberLong"])
        if type(value) is int:
            return EPOCH + timedelta(milliseconds=value)
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, KeyError, OverflowError):
        raise refuse(ErrorReason.INVALID_DATE) from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Id(fields.Field):
    """An ObjectId: 24 hexadecimal digits, or what mongoexport makes of one."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> ObjectId:
        text = value.get("$oid") if isinstance(value, dict) else value
        if not isinstance(text, str) or not ObjectId.is_valid(text):
            raise refuse(ErrorReason.INVALID_DATA)
        return ObjectId(text)


class Moment(fields.Field):
    """A time."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        return _moment(value)


class Birth(DateOfBirth):
    """A day; the ancestor kept its midnight in UTC."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:
        is_day = isinstance(value, str) and len(value) == len("2000-12-31")
        day = value if is_day else _moment(value).date().isoformat()
        return super()._deserialize(day, *args, **kwargs)


class PasswordHash(fields.Field):
    """A bcrypt hash, plain or of this server's making; a cost that no login can bear is none."""

    default_error_messages = {"required": [ErrorReason.REQUIRED]}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        found = HASH.fullmatch(value) if isinstance(value, str) else None
        if not found or int(found["cost"]) not in COSTS:
            raise refuse(ErrorReason.INVALID_DATA)
        return value


class Flag(fields.Field):
    """True or false, and nothing that looks like it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse(ErrorReason.INVALID_DATA)
        return value


class Roles(fields.Field):
    """Names of roles; or the ancestor's flags, of which `superuser` alone has a meaning here."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> set[str]:
        if isinstance(value, dict):
            return {ADMIN.name} if value.get("superuser") is True else set()
        if not isinstance(value, list) or any(str(name) not in ROLES for name in value):
            raise refuse(ErrorReason.INVALID_DATA)
        return {str(name) for name in value}


class AccountForm(Schema):
    """What an account from elsewhere is made of; `address` is looked at by itself."""

    class Meta:
        unknown = EXCLUDE

    id = Id()
    email = Email(required=True)
    full_name = Name(required=True, maximum=120)
    password = PasswordHash(required=True)
    cpf_cnpj = CpfCnpj()
    date_of_birth = Birth()
    address = fields.Raw()
    locale = Locale()
    active = Flag()
    email_verified = Flag()
    admin = Flag()
    roles = Roles()
    created_at = Moment()
    updated_at = Moment()
    last_login_at = Moment()

    @post_load
    def name_as_stored(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Every account is a USER; `admin` is another word for a role."""
        granted = data.pop("roles", set()) | ({ADMIN.name} if data.pop("admin", False) else set())
        data["roles"] = [name for name in ROLES if name in {*granted, USER.name}]
        data["password_hash"] = data.pop("password")
        return data


FORM = AccountForm()
