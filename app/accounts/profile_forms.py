"""The form of a profile: what is given of it, and the address that comes of that."""

import re
from collections.abc import Mapping
from typing import Any

from iso3166 import countries_by_alpha3
from marshmallow import EXCLUDE, Schema, ValidationError

from app.accounts.forms import CpfCnpj, DateOfBirth, Locale, Name, Text, refuse
from app.errors import AccountError, ErrorReason, FieldPath
from app.models.user import Address

BRAZIL = "BRA"
CEP_MASK = str.maketrans("", "", ".- ")
CEP = re.compile(r"(?!00)[0-9]{8}")  # the lowest is 01000-000
UF = re.compile("A[CLMP]|BA|CE|DF|ES|GO|M[AGST]|P[ABEIR]|R[JNORS]|S[CEP]|TO")

Faults = list[tuple[FieldPath, ErrorReason]]


def profile_changes(given: Mapping[str, Any], address: Mapping[str, str] | None) -> dict[str, Any]:
    """What of the profile is to change: None for what is cleared, `address` whole as it will be.

    address: the one kept now, whose parts stay where none are given in their place.
    Raises AccountError(INVALID_DATA) with every fault of every field.
    """
    parts = given.get("address")
    values, faults = _read(PROFILE, {k: v for k, v in given.items() if k != "address"})
    if parts:
        merged, of_address = _merged(parts, address)
        values |= {"address": merged} if merged else {}
        faults += of_address
    elif "address" in given and parts is None:
        values["address"] = None
    if faults:
        raise AccountError(ErrorReason.INVALID_DATA, fields=faults)
    return values


def _merged(
    parts: Mapping[str, Any], address: Mapping[str, str] | None
) -> tuple[dict[str, str], Faults]:
    """The address with these parts in it. In Brazil its postcode and state are checked, whichever
    of the three was given: a part that was right abroad may be wrong there."""
    new, faults = _read(ADDRESS, parts, "address")
    merged = {name: part for name, part in {**(address or {}), **new}.items() if part is not None}
    if merged:
        merged.setdefault("country", Address.country.default)
    told = {path for path, _ in faults}
    if merged.get("country") == BRAZIL and ("address", "country") not in told:
        brazilian, more = _read(IN_BRAZIL, merged, "address")
        merged |= brazilian
        faults += [fault for fault in more if fault[0] not in told]
    return merged, faults


def _read(form: Schema, given: Mapping[str, Any], *above: str) -> tuple[dict[str, Any], Faults]:
    """The values that are right, and what is wrong with the others; what is missing may be."""
    try:
        return form.load(given, partial=True), []
    except ValidationError as error:
        faults = [
            ((*above, name), reason)
            for name, reasons in error.messages.items()
            for reason in reasons
        ]
        return error.valid_data, faults


class Country(Text):
    """An ISO 3166-1 alpha-3 code, in any case."""

    form = "NFKC"

    def understood(self, text: str) -> str:
        code = text.upper()
        if code not in countries_by_alpha3:
            raise refuse(ErrorReason.INVALID_COUNTRY)
        return code


class Cep(Text):
    """A Brazilian postcode: eight digits, a mask is taken off."""

    form = "NFKC"

    def understood(self, text: str) -> str:
        digits = text.translate(CEP_MASK)
        if not CEP.fullmatch(digits):
            raise refuse(ErrorReason.INVALID_POSTCODE)
        return digits


class Uf(Text):
    """One of the 26 states of Brazil or the Distrito Federal, by its two letters in any case."""

    form = "NFKC"

    def understood(self, text: str) -> str:
        letters = text.upper()
        if not UF.fullmatch(letters):
            raise refuse(ErrorReason.INVALID_STATE)
        return letters


class ProfileForm(Schema):
    """What a person may change of themselves, but for the address; what is required has to stay."""

    full_name = Name(required=True, maximum=120)
    cpf_cnpj = CpfCnpj()
    date_of_birth = DateOfBirth(allow_none=True)
    locale = Locale(required=True)


class AddressForm(Schema):
    """Parts of an address, anywhere."""

    zip_code = Text(maximum=Address.zip_code.max_length)
    street = Text(maximum=Address.street.max_length)
    number = Text(maximum=Address.number.max_length)
    complement = Text(maximum=Address.complement.max_length)
    neighborhood = Text(maximum=Address.neighborhood.max_length)
    city = Text(maximum=Address.city.max_length)
    state = Text(maximum=Address.state.max_length)
    country = Country(required=True)


class InBrazilForm(Schema):
    """The parts of an address that Brazil has rules for."""

    class Meta:
        unknown = EXCLUDE

    zip_code = Cep()
    state = Uf()


PROFILE, ADDRESS, IN_BRAZIL = ProfileForm(), AddressForm(), InBrazilForm()
