"""The form of an account in an import file: this project's ancestor's, or an export of ours."""

import re
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load

from app.accounts.forms import FieldErrors, field_errors
from app.accounts.profile_forms import ADDRESS, profile_changes
from app.errors import AccountError, ErrorReason
from app.permissions import ADMIN, ROLES, USER
from app.profile_fields import PROFILE_FIELDS, ProfileField, refuse_taken_names
from app.security.passwords import PREFIX
from app.validation.text import Email, refuse

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
) -> tuple[dict[str, Any], FieldErrors, set[str]]:
    """Return the valid values, the errors of the others, and the unknown names.

    Names are in snake_case or camelCase, values as mongoexport writes them. Null and blank values
    count as missing.
    """
    given, unknown = _select_fields(document, FORM.fields, OTHER_NAMES)
    parts = given.pop("address", None)
    try:
        values, errors = dict(FORM.load(given)), []
    except ValidationError as error:
        values, errors = dict(error.valid_data or {}), field_errors(error)
    if parts is not None:
        address, address_errors, unknown_parts = _read_address(parts)
        values["address"] = address
        errors += address_errors
        unknown |= {f"address.{name}" for name in unknown_parts}
    return values, errors, unknown


def _read_address(parts: Any) -> tuple[dict[str, str] | None, FieldErrors, set[str]]:
    if not isinstance(parts, dict):
        errors: FieldErrors = [(("address",), ErrorReason.INVALID_DATA)]
        return None, errors, set()
    given, unknown = _select_fields(parts, ADDRESS.fields, OTHER_PARTS)
    if given.keys() <= {"country"} and len(parts) > 1:
        return None, [], unknown  # the ancestor stored blank parts and a country for no address
    try:
        return profile_changes({"address": given}, None).get("address"), [], unknown
    except AccountError as error:
        return None, list(error.fields), unknown


def _select_fields(
    document: Mapping[str, Any], names: Container[str], others: Mapping[str, str]
) -> tuple[dict[str, Any], set[str]]:
    """Return the values that are not empty by their names here, and the unknown names.

    others: other names of a field. The first value of a field counts.
    """
    selected: dict[str, Any] = {}
    unknown = set()
    for name, value in document.items():
        own = CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name)
        own = others.get(own, own)
        if own not in names:
            unknown.add(name)
        elif value is not None and value != "":
            selected.setdefault(own, value)
    return selected, unknown


def _parse_time(value: Any) -> datetime:
    """Read a time as mongoexport writes it, to the millisecond. A time without zone is in UTC.

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
        return _parse_time(value)


class Day(fields.Field):
    """A day as text, or the time of its midnight in UTC; `checked` checks the day."""

    def __init__(self, checked: fields.Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checked = checked

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        is_day = isinstance(value, str) and len(value) == len("2000-12-31")
        day = value if is_day else _parse_time(value).date().isoformat()
        return self.checked.deserialize(day, attr, data, **kwargs)


class PasswordHash(fields.Field):
    """A bcrypt hash, as bcrypt or this server writes it, of a cost that a login can wait for."""

    default_error_messages = {"required": [ErrorReason.REQUIRED]}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        found = HASH.fullmatch(value) if isinstance(value, str) else None
        if not found or int(found["cost"]) not in COSTS:
            raise refuse(ErrorReason.INVALID_DATA)
        return str(value)


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
    """An account without its profile, which FORM adds. `address` is checked by itself."""

    class Meta:
        unknown = EXCLUDE

    id = Id()
    email = Email(required=True)
    password = PasswordHash(required=True)
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


def _make_input_field(field: ProfileField) -> fields.Field:
    if field.parts:
        return fields.Raw()
    required = field.is_required_at_first
    checked = field.make_input_field(required=required)
    return Day(checked, required=required) if field.is_day else checked


refuse_taken_names(AccountForm().fields, "the form of import")
FORM = AccountForm.from_dict(
    {
        field.name: _make_input_field(field)
        for field in PROFILE_FIELDS.values()
        if field.in_account_files
    },
    name="ImportForm",
)()
