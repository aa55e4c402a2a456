"""The form of the profile, and of the address in it."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from app.accounts.forms import FieldErrors, field_errors
from app.errors import AccountError, ErrorReason, FieldPath
from app.models.user import Address
from app.profile_fields import ADDRESS_PARTS, PROFILE_FIELDS
from app.validation.brazil import Cep, Uf

BRAZIL = "BRA"


class BrazilianForm(Schema):
    """The parts of an address that Brazil has rules for."""

    class Meta:
        unknown = EXCLUDE

    zip_code = Cep()
    state = Uf()


PROFILE = Schema.from_dict(
    {
        field.name: field.make_input_field(required=field.required)
        for field in PROFILE_FIELDS.values()
        if not field.parts
    },
    name="ProfileForm",
)()
ADDRESS = Schema.from_dict(
    {part.name: part.make_input_field(required=part.required) for part in ADDRESS_PARTS.values()},
    name="AddressForm",
)()
IN_BRAZIL = BrazilianForm()


def profile_changes(given: Mapping[str, Any], address: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the new values of the profile: None for what is cleared, `address` as a whole.

    address: the stored one. Its parts stay where `given` has no others.
    Raises AccountError(INVALID_DATA) with every error of every field.
    """
    parts = given.get("address")
    values, errors = _load_partly(PROFILE, {k: v for k, v in given.items() if k != "address"})
    if parts:
        merged, address_errors = _merge_address(parts, address)
        values |= {"address": merged} if merged else {}
        errors += address_errors
    elif "address" in given and parts is None:
        values["address"] = None
    if errors:
        raise AccountError(ErrorReason.INVALID_DATA, fields=errors)
    return values


def _merge_address(
    parts: Mapping[str, Any], address: Mapping[str, str] | None
) -> tuple[dict[str, str], FieldErrors]:
    """Return the address with these parts in it, and the errors.

    The rules for Brazil check the merged address: a part that was right in another country may be
    wrong once the country is Brazil.
    """
    new, errors = _load_partly(ADDRESS, parts, ("address",))
    merged = {name: part for name, part in {**(address or {}), **new}.items() if part is not None}
    if merged:
        merged.setdefault("country", Address.country.default)
    reported = {path for path, _ in errors}
    if merged.get("country") == BRAZIL and ("address", "country") not in reported:
        brazilian, more = _load_partly(IN_BRAZIL, merged, ("address",))
        merged |= brazilian
        errors += [error for error in more if error[0] not in reported]
    return merged, errors


def _load_partly(
    form: Schema, given: Mapping[str, Any], at: FieldPath = ()
) -> tuple[dict[str, Any], FieldErrors]:
    """Return the valid values, and the errors of the others. No field is required."""
    try:
        return dict(form.load(given, partial=True)), []
    except ValidationError as error:
        return dict(error.valid_data or {}), field_errors(error, at)
