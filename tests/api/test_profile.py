"""updateProfile: a person changes their profile."""

from datetime import UTC, datetime

import pytest
from bson import ObjectId

from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.api.test_races import run_at_once
from tests.client import Answer, Client, Socket
from tests.factories import person
from tests.servers import Server

UPDATE = """
mutation Update($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    user {
      id email fullName cpfCnpj dateOfBirth locale updatedAt
      address { zipCode street number complement neighborhood city state country }
    }
  }
}
"""
CPF, OTHER_CPF = "52998224725", "11144477735"
IN_SAO_PAULO = {
    "zipCode": "01310-100",
    "street": "Avenida Paulista",
    "number": "1578",
    "complement": "Andar 3",
    "neighborhood": "Bela Vista",
    "city": "São Paulo",
    "state": "sp",
}


def register_account(api: Client, **changes: object) -> str:
    """Register an account; return its access token."""
    return api.register(person(**changes)).data["register"]["tokens"]["accessToken"]


def update(api: Client, token: str | None, given: dict, **options: object) -> Answer:
    return api.send(UPDATE, {"input": given}, token=token, **options)


def update_successfully(api: Client, token: str, given: dict) -> dict:
    """Return the account after an update that succeeds."""
    answer = update(api, token, given)
    assert answer.errors == []
    return answer.data["updateProfile"]["user"]


def load_account() -> dict:
    """Return the only account, as stored."""
    (account,) = User._get_collection().find()
    return account


def find_profile_events() -> list[dict]:
    return list(SecurityEvent._get_collection().find({"type": "PROFILE_UPDATED"}))


def read_reasons(answer: Answer) -> dict[str, str]:
    """Return the reason of each invalid field, by its path."""
    faults = answer.error["extensions"]["fields"]
    return {".".join(fault["path"]): fault["reason"] for fault in faults}


def test_changes_the_given_fields(api: Client) -> None:
    token = register_account(api, email="ana@example.com")
    before = load_account()
    user = update_successfully(
        api,
        token,
        {
            "fullName": " Ana  Lima ",
            "cpfCnpj": "529.982.247-25",
            "dateOfBirth": "1990-02-28",
            "locale": "EN",
            "address": IN_SAO_PAULO,
        },
    )
    changed_at = datetime.fromisoformat(user.pop("updatedAt"))
    assert before["updated_at"] < changed_at <= datetime.now(UTC)
    assert user == {
        "id": str(before["_id"]),
        "email": "ana@example.com",
        "fullName": "Ana Lima",
        "cpfCnpj": CPF,
        "dateOfBirth": "1990-02-28",
        "locale": "en",
        "address": IN_SAO_PAULO | {"zipCode": "01310100", "state": "SP", "country": "BRA"},
    }
    assert User.objects.get().date_of_birth == datetime(1990, 2, 28).date()
    User.objects.get().validate()


def test_keeps_fields_that_are_not_given(api: Client) -> None:
    token = register_account(
        api, fullName="Ana", cpfCnpj=CPF, dateOfBirth="1990-02-28", locale="en"
    )
    before = load_account()
    assert update_successfully(api, token, {"fullName": "Bia"})["fullName"] == "Bia"
    after = load_account()
    assert after.pop("updated_at") > before.pop("updated_at")
    for document, name in ((before, "Ana"), (after, "Bia")):
        assert document.pop("full_name") == name
        assert document.pop("name_key") == name.lower()
        assert name.lower() in document.pop("search")["words"]
    assert after == before


def test_stores_one_event_with_the_origin_of_the_change(api: Client) -> None:
    token = register_account(api)
    update(api, token, {"fullName": "Bia"}, headers={"User-Agent": "Um Navegador"})
    (event,) = find_profile_events()
    assert event["user_id"] == load_account()["_id"]
    assert event["user_agent"] == "Um Navegador"
    assert event["ip_address"] == "127.0.0.1"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"address": {}},
        {"address": {"street": None}},
        {"address": None, "cpfCnpj": None, "dateOfBirth": None},
        {"fullName": " Ana ", "locale": "PT-br"},
    ],
)
def test_an_update_with_the_same_values_changes_nothing(api: Client, given: dict) -> None:
    token = register_account(api, fullName="Ana", locale="pt-BR")
    before = load_account()
    user = update_successfully(api, token, given)
    assert (user["fullName"], user["address"]) == ("Ana", None)
    assert datetime.fromisoformat(user["updatedAt"]) == before["updated_at"]
    assert load_account() == before
    assert find_profile_events() == []


def test_null_clears_optional_fields(api: Client) -> None:
    token = register_account(api, cpfCnpj=CPF, dateOfBirth="1990-02-28")
    update_successfully(api, token, {"address": IN_SAO_PAULO})
    user = update_successfully(api, token, {"cpfCnpj": None, "dateOfBirth": None, "address": None})
    assert user["cpfCnpj"] is user["dateOfBirth"] is user["address"] is None
    assert not {"cpf_cnpj", "date_of_birth", "address"} & load_account().keys()


def test_a_literal_null_clears_a_field_too(api: Client) -> None:
    token = register_account(api, cpfCnpj=CPF, fullName="Ana")
    answer = api.send(
        "mutation { updateProfile(input: {cpfCnpj: null}) { user { fullName cpfCnpj } } }",
        token=token,
    )
    assert answer.data == {"updateProfile": {"user": {"fullName": "Ana", "cpfCnpj": None}}}


def test_another_account_can_take_a_cleared_cpf(api: Client) -> None:
    first = register_account(api, cpfCnpj=CPF)
    second, third = register_account(api), register_account(api, cpfCnpj=OTHER_CPF)
    update_successfully(api, first, {"cpfCnpj": None})
    update_successfully(api, third, {"cpfCnpj": ""})
    assert update_successfully(api, second, {"cpfCnpj": CPF})["cpfCnpj"] == CPF


def test_refuses_a_taken_cpf_whatever_its_mask(api: Client) -> None:
    register_account(api, cpfCnpj=CPF)
    token = register_account(api, fullName="Bia", email="bia@example.com")
    before = User._get_collection().find_one({"email": "bia@example.com"})
    answer = update(api, token, {"fullName": "Outra", "cpfCnpj": "529.982.247-25"})
    assert answer.data == {"updateProfile": None}
    assert (answer.code, answer.reason) == ("CONFLICT", "ALREADY_EXISTS")
    assert read_reasons(answer) == {"input.cpfCnpj": "ALREADY_EXISTS"}
    assert User._get_collection().find_one({"email": "bia@example.com"}) == before
    assert find_profile_events() == []


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"fullName": None}, {"input.fullName": "REQUIRED"}),
        ({"fullName": "  "}, {"input.fullName": "REQUIRED"}),
        ({"fullName": "a" * 121}, {"input.fullName": "TOO_LONG"}),
        ({"locale": None}, {"input.locale": "REQUIRED"}),
        ({"locale": "qaa"}, {"input.locale": "INVALID_LOCALE"}),
        ({"cpfCnpj": "111.111.111-11"}, {"input.cpfCnpj": "INVALID_CPF_CNPJ"}),
        ({"dateOfBirth": "2990-01-01"}, {"input.dateOfBirth": "INVALID_DATE"}),
        ({"dateOfBirth": "ontem"}, {"input.dateOfBirth": "INVALID_DATE"}),
        ({"address": {"country": None}}, {"input.address.country": "REQUIRED"}),
        ({"address": {"country": "XXX"}}, {"input.address.country": "INVALID_COUNTRY"}),
        ({"address": {"country": "BR"}}, {"input.address.country": "INVALID_COUNTRY"}),
        ({"address": {"zipCode": "1310-100"}}, {"input.address.zipCode": "INVALID_POSTCODE"}),
        ({"address": {"zipCode": "00310-100"}}, {"input.address.zipCode": "INVALID_POSTCODE"}),
        ({"address": {"state": "XX"}}, {"input.address.state": "INVALID_STATE"}),
        ({"address": {"state": "São Paulo"}}, {"input.address.state": "INVALID_STATE"}),
        ({"address": {"street": "a" * 201}}, {"input.address.street": "TOO_LONG"}),
        ({"address": {"city": "São\nPaulo"}}, {"input.address.city": "INVALID_DATA"}),
        ({"address": {"number": 12}}, {"input.address.number": "INVALID_DATA"}),
        (
            {
                "fullName": "",
                "address": {"zipCode": "1", "state": "1", "city": "a" * 101, "number": "\0"},
            },
            {
                "input.fullName": "REQUIRED",
                "input.address.city": "TOO_LONG",
                "input.address.number": "INVALID_DATA",
                "input.address.zipCode": "INVALID_POSTCODE",
                "input.address.state": "INVALID_STATE",
            },
        ),
    ],
)
def test_refuses_and_changes_nothing(api: Client, given: dict, faults: dict) -> None:
    token = register_account(api)
    before = load_account()
    answer = update(api, token, given)
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert read_reasons(answer) == faults
    assert load_account() == before
    assert find_profile_events() == []


def test_reports_errors_in_both_languages(api: Client) -> None:
    token = register_account(api, locale="pt-BR")
    given = {"address": {"zipCode": "1"}}
    (fault,) = update(api, token, given).error["extensions"]["fields"]
    assert fault == {
        "field": "zipCode",
        "path": ["input", "address", "zipCode"],
        "reason": "INVALID_POSTCODE",
        "message": "CEP inválido. Informe 8 dígitos.",
    }
    update_successfully(api, token, {"locale": "en"})
    (fault,) = update(api, token, given).error["extensions"]["fields"]
    assert fault["message"] == "Invalid postcode. A CEP has 8 digits."


def test_given_parts_of_the_address_change_and_the_others_stay(api: Client) -> None:
    token = register_account(api)
    update_successfully(api, token, {"address": IN_SAO_PAULO})
    user = update_successfully(api, token, {"address": {"number": "12-B", "complement": None}})
    assert user["address"] == {
        "zipCode": "01310100",
        "street": "Avenida Paulista",
        "number": "12-B",
        "complement": None,
        "neighborhood": "Bela Vista",
        "city": "São Paulo",
        "state": "SP",
        "country": "BRA",
    }
    assert "complement" not in load_account()["address"]


def test_postcode_and_state_are_free_text_outside_brazil(api: Client) -> None:
    token = register_account(api)
    given = {"zipCode": "1000-001", "state": "Lisboa", "country": "prt"}
    address = update_successfully(api, token, {"address": given})["address"]
    assert (address["zipCode"], address["state"], address["country"]) == (
        "1000-001",
        "Lisboa",
        "PRT",
    )


def test_moving_to_brazil_needs_a_brazilian_postcode_and_state(api: Client) -> None:
    token = register_account(api)
    abroad = {"zipCode": "1000-001", "state": "Lisboa", "country": "PRT"}
    update_successfully(api, token, {"address": abroad})
    before = load_account()
    answer = update(api, token, {"address": {"country": "BRA"}})
    assert read_reasons(answer) == {
        "input.address.zipCode": "INVALID_POSTCODE",
        "input.address.state": "INVALID_STATE",
    }
    assert load_account() == before
    moved = {"country": "BRA", "zipCode": "20.040-020", "state": None}
    address = update_successfully(api, token, {"address": moved})["address"]
    assert (address["zipCode"], address["state"], address["country"]) == ("20040020", None, "BRA")


def test_concurrent_updates_leave_no_foreign_postcode_in_brazil(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    token = register_account(live)
    for _ in range(10):
        update_successfully(live, token, {"address": {"country": "PRT", "zipCode": "1000-001"}})
        changes = [{"country": "BRA", "zipCode": "01310-100"}, {"zipCode": "1000-002"}]
        answers = run_at_once(8, lambda i, to=changes: update(live, token, {"address": to[i % 2]}))
        assert {a.reason for a in answers if a.errors} <= {"INVALID_DATA"}
        address = load_account()["address"]
        # the address moves to Brazil, and then refuses foreign values
        assert address == {"country": "BRA", "zip_code": "01310100"}


def test_concurrent_updates_of_different_parts_are_all_kept(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    token = register_account(live)
    parts = ["street", "number", "complement", "neighborhood", "city"]
    answers = run_at_once(5, lambda i: update(live, token, {"address": {parts[i]: f"parte {i}"}}))
    assert [a.errors for a in answers] == [[]] * 5
    assert load_account()["address"] == {
        "country": "BRA",
        **{part: f"parte {index}" for index, part in enumerate(parts)},
    }
    assert len(find_profile_events()) == 5


def test_only_one_of_concurrent_requests_gets_a_cpf(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    tokens = [register_account(live) for _ in range(6)]
    answers = run_at_once(6, lambda i: update(live, tokens[i], {"cpfCnpj": CPF}))
    assert sorted(a.reason if a.errors else "changed" for a in answers) == [
        *["ALREADY_EXISTS"] * 5,
        "changed",
    ]
    assert User.objects(cpf_cnpj=CPF).count() == 1
    assert len(find_profile_events()) == 1


def test_needs_a_signed_in_caller(api: Client) -> None:
    register_account(api)
    before = load_account()
    assert update(api, None, {"fullName": "Outra"}).reason == "TOKEN_MISSING"
    assert load_account() == before


def test_an_account_deleted_meanwhile_is_not_created_again(api: Client) -> None:
    token = register_account(api)
    User._get_collection().delete_one({"_id": ObjectId(load_account()["_id"])})
    assert update(api, token, {"fullName": "Outra"}).reason == "TOKEN_REVOKED"
    assert User.objects.count() == 0
    assert find_profile_events() == []
