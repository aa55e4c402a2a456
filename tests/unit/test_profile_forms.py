"""The profile form, and the rules for addresses in Brazil."""

from datetime import date
from itertools import product
from string import ascii_uppercase

import pytest
from iso3166 import countries_by_alpha3
from marshmallow import ValidationError

from app.accounts.profile_forms import ADDRESS, IN_BRAZIL, PROFILE, profile_changes
from app.errors import AccountError, ErrorReason
from app.models.user import Address
from app.profile_fields import PROFILE_FIELDS

STATES = {
    *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"),
    *("PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
}


def is_state(letters: str) -> bool:
    try:
        return IN_BRAZIL.load({"state": letters}) == {"state": letters}
    except ValidationError:
        return False


def test_brazil_has_these_states_and_no_others() -> None:
    assert len(STATES) == 27
    pairs = {"".join(pair) for pair in product(ascii_uppercase, repeat=2)}
    assert {letters for letters in pairs if is_state(letters)} == STATES


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("01310100", "01310100"),
        ("01310-100", "01310100"),
        ("01.310-100", "01310100"),
        (" 99999 999 ", "99999999"),
        ("０１３１０１００", "01310100"),
        ("01000-000", "01000000"),
    ],
)
def test_accepts_a_cep_with_any_mask(given: str, kept: str) -> None:
    assert IN_BRAZIL.load({"zip_code": given}) == {"zip_code": kept}


@pytest.mark.parametrize(
    "given",
    ["0131010", "013101000", "00000000", "00999-999", "0131O100", "١٢٣٤٥٦٧٨", "-", "1000-001"],
)
def test_refuses_an_invalid_cep(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        IN_BRAZIL.load({"zip_code": given})
    assert refused.value.messages == {"zip_code": [ErrorReason.INVALID_POSTCODE]}


def test_an_address_has_the_parts_of_the_document() -> None:
    assert set(ADDRESS.fields) == set(Address._fields)


def test_accepts_every_country_and_no_other_value() -> None:
    assert {"BRA", "PRT", "USA", "SSD"} <= set(countries_by_alpha3)
    for code in countries_by_alpha3:
        assert ADDRESS.load({"country": code.lower()}, partial=True) == {"country": code}
    for wrong in ("XXX", "BR", "076", "Brasil", "BRAA"):
        with pytest.raises(ValidationError) as refused:
            ADDRESS.load({"country": wrong}, partial=True)
        assert refused.value.messages == {"country": [ErrorReason.INVALID_COUNTRY]}


def test_loads_only_the_given_fields() -> None:
    assert profile_changes({}, {"country": "BRA"}) == {}
    assert profile_changes({"address": {}}, {"country": "BRA"}) == {}
    born = {"date_of_birth": date(1990, 2, 28)}
    assert profile_changes(born, None) == born
    assert set(PROFILE.fields) == set(PROFILE_FIELDS) - {"address"}


def test_a_new_address_is_in_brazil_by_default() -> None:
    assert profile_changes({"address": {"city": "Recife"}}, None) == {
        "address": {"city": "Recife", "country": "BRA"}
    }
    assert profile_changes({"address": {"city": "Porto", "country": "prt"}}, None) == {
        "address": {"city": "Porto", "country": "PRT"}
    }


def test_clearing_parts_of_a_missing_address_creates_none() -> None:
    assert profile_changes({"address": {"city": None, "street": " "}}, None) == {}


def test_a_stored_foreign_part_is_reported_though_it_is_not_given() -> None:
    abroad = {"country": "PRT", "zip_code": "1000-001", "state": "Lisboa"}
    with pytest.raises(AccountError) as refused:
        profile_changes({"address": {"country": "BRA", "state": "RJ"}}, abroad)
    assert refused.value.reason is ErrorReason.INVALID_DATA
    assert refused.value.fields == [(("address", "zip_code"), ErrorReason.INVALID_POSTCODE)]


def test_a_fault_is_reported_once() -> None:
    with pytest.raises(AccountError) as refused:
        profile_changes({"address": {"zip_code": "\x00"}}, {"country": "BRA", "zip_code": "abroad"})
    assert refused.value.fields == [(("address", "zip_code"), ErrorReason.INVALID_DATA)]


def test_brazilian_rules_do_not_apply_to_an_invalid_country() -> None:
    with pytest.raises(AccountError) as refused:
        profile_changes({"address": {"zip_code": "1000-001", "country": "PORTUGAL"}}, None)
    assert refused.value.fields == [(("address", "country"), ErrorReason.INVALID_COUNTRY)]
