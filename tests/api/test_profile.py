"""updateProfile: a person changes what is known of them."""

from datetime import UTC, datetime

import pytest
from bson import ObjectId

from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.api.test_races import at_once
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


def registered(api: Client, **changes: object) -> str:
    """The access token of a new account."""
    return api.register(person(**changes)).data["register"]["tokens"]["accessToken"]


def update(api: Client, token: str | None, given: dict, **options: object) -> Answer:
    return api.send(UPDATE, {"input": given}, token=token, **options)


def updated(api: Client, token: str, given: dict) -> dict:
    """The account after a change that succeeds."""
    answer = update(api, token, given)
    assert answer.errors == []
    return answer.data["updateProfile"]["user"]


def stored() -> dict:
    """The only account, as stored."""
    (account,) = User._get_collection().find()
    return account


def profile_events() -> list[dict]:
    return list(SecurityEvent._get_collection().find({"type": "PROFILE_UPDATED"}))


def places(answer: Answer) -> dict[str, str]:
    """The reason of each field at fault, by its path."""
    faults = answer.error["extensions"]["fields"]
    return {".".join(fault["path"]): fault["reason"] for fault in faults}


def test_changes_what_is_given(api: Client) -> None:
    token = registered(api, email="ana@example.com")
    before = stored()
    user = updated(
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


def test_keeps_what_is_not_given(api: Client) -> None:
    token = registered(api, fullName="Ana", cpfCnpj=CPF, dateOfBirth="1990-02-28", locale="en")
    before = stored()
    assert updated(api, token, {"fullName": "Bia"})["fullName"] == "Bia"
    after = stored()
    assert after.pop("updated_at") > before.pop("updated_at")
    for document, name in ((before, "Ana"), (after, "Bia")):
        assert document.pop("full_name") == name
        assert document.pop("name_key") == name.lower()
        assert name.lower() in document.pop("search")["words"]
    assert after == before


def test_writes_one_event_of_where_the_change_came_from(api: Client) -> None:
    token = registered(api)
    update(api, token, {"fullName": "Bia"}, headers={"User-Agent": "Um Navegador"})
    (event,) = profile_events()
    assert event["user_id"] == stored()["_id"]
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
def test_what_changes_nothing_is_no_change(api: Client, given: dict) -> None:
    token = registered(api, fullName="Ana", locale="pt-BR")
    before = stored()
    user = updated(api, token, given)
    assert (user["fullName"], user["address"]) == ("Ana", None)
    assert datetime.fromisoformat(user["updatedAt"]) == before["updated_at"]
    assert stored() == before
    assert profile_events() == []


def test_null_clears_what_may_be_empty(api: Client) -> None:
    token = registered(api, cpfCnpj=CPF, dateOfBirth="1990-02-28")
    updated(api, token, {"address": IN_SAO_PAULO})
    user = updated(api, token, {"cpfCnpj": None, "dateOfBirth": None, "address": None})
    assert user["cpfCnpj"] is user["dateOfBirth"] is user["address"] is None
    assert not {"cpf_cnpj", "date_of_birth", "address"} & stored().keys()


def test_a_literal_null_clears_too(api: Client) -> None:
    token = registered(api, cpfCnpj=CPF, fullName="Ana")
    answer = api.send(
        "mutation { updateProfile(input: {cpfCnpj: null}) { user { fullName cpfCnpj } } }",
        token=token,
    )
    assert answer.data == {"updateProfile": {"user": {"fullName": "Ana", "cpfCnpj": None}}}


def test_a_cleared_cpf_is_free_for_another(api: Client) -> None:
    first = registered(api, cpfCnpj=CPF)
    second, third = registered(api), registered(api, cpfCnpj=OTHER_CPF)
    updated(api, first, {"cpfCnpj": None})
    updated(api, third, {"cpfCnpj": ""})
    assert updated(api, second, {"cpfCnpj": CPF})["cpfCnpj"] == CPF


def test_refuses_a_taken_cpf_whatever_its_mask(api: Client) -> None:
    registered(api, cpfCnpj=CPF)
    token = registered(api, fullName="Bia", email="bia@example.com")
    before = User._get_collection().find_one({"email": "bia@example.com"})
    answer = update(api, token, {"fullName": "Outra", "cpfCnpj": "529.982.247-25"})
    assert answer.data == {"updateProfile": None}
    assert (answer.code, answer.reason) == ("CONFLICT", "ALREADY_EXISTS")
    assert places(answer) == {"input.cpfCnpj": "ALREADY_EXISTS"}
    assert User._get_collection().find_one({"email": "bia@example.com"}) == before
    assert profile_events() == []


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
    token = registered(api)
    before = stored()
    answer = update(api, token, given)
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert places(answer) == faults
    assert stored() == before
    assert profile_events() == []


def test_says_what_is_wrong_in_both_languages(api: Client) -> None:
    token = registered(api, locale="pt-BR")
    given = {"address": {"zipCode": "1"}}
    (fault,) = update(api, token, given).error["extensions"]["fields"]
    assert fault == {
        "field": "zipCode",
        "path": ["input", "address", "zipCode"],
        "reason": "INVALID_POSTCODE",
        "message": "CEP inválido. Informe 8 dígitos.",
    }
    updated(api, token, {"locale": "en"})
    (fault,) = update(api, token, given).error["extensions"]["fields"]
    assert fault["message"] == "Invalid postcode. A CEP has 8 digits."


def test_parts_of_the_address_change_and_the_others_stay(api: Client) -> None:
    token = registered(api)
    updated(api, token, {"address": IN_SAO_PAULO})
    user = updated(api, token, {"address": {"number": "12-B", "complement": None}})
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
    assert "complement" not in stored()["address"]


def test_abroad_postcode_and_state_are_free_text(api: Client) -> None:
    token = registered(api)
    given = {"zipCode": "1000-001", "state": "Lisboa", "country": "prt"}
    address = updated(api, token, {"address": given})["address"]
    assert (address["zipCode"], address["state"], address["country"]) == (
        "1000-001",
        "Lisboa",
        "PRT",
    )


def test_moving_to_brazil_needs_a_brazilian_postcode_and_state(api: Client) -> None:
    token = registered(api)
    abroad = {"zipCode": "1000-001", "state": "Lisboa", "country": "PRT"}
    updated(api, token, {"address": abroad})
    before = stored()
    answer = update(api, token, {"address": {"country": "BRA"}})
    assert places(answer) == {
        "input.address.zipCode": "INVALID_POSTCODE",
        "input.address.state": "INVALID_STATE",
    }
    assert stored() == before
    moved = {"country": "BRA", "zipCode": "20.040-020", "state": None}
    address = updated(api, token, {"address": moved})["address"]
    assert (address["zipCode"], address["state"], address["country"]) == ("20040020", None, "BRA")


def test_two_updates_at_once_leave_no_foreign_postcode_in_brazil(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    token = registered(live)
    for _ in range(10):
        updated(live, token, {"address": {"country": "PRT", "zipCode": "1000-001"}})
        changes = [{"country": "BRA", "zipCode": "01310-100"}, {"zipCode": "1000-002"}]
        answers = at_once(8, lambda i, to=changes: update(live, token, {"address": to[i % 2]}))
        assert {a.reason for a in answers if a.errors} <= {"INVALID_DATA"}
        address = stored()["address"]
        # to Brazil once, and from then on nothing foreign goes in
        assert address == {"country": "BRA", "zip_code": "01310100"}


def test_parts_changed_at_once_are_all_kept(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = registered(live)
    parts = ["street", "number", "complement", "neighborhood", "city"]
    answers = at_once(5, lambda i: update(live, token, {"address": {parts[i]: f"parte {i}"}}))
    assert [a.errors for a in answers] == [[]] * 5
    assert stored()["address"] == {
        "country": "BRA",
        **{part: f"parte {index}" for index, part in enumerate(parts)},
    }
    assert len(profile_events()) == 5


def test_one_of_many_gets_a_cpf_asked_for_at_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    tokens = [registered(live) for _ in range(6)]
    answers = at_once(6, lambda i: update(live, tokens[i], {"cpfCnpj": CPF}))
    assert sorted(a.reason if a.errors else "changed" for a in answers) == [
        *["ALREADY_EXISTS"] * 5,
        "changed",
    ]
    assert User.objects(cpf_cnpj=CPF).count() == 1
    assert len(profile_events()) == 1


def test_needs_someone_signed_in(api: Client) -> None:
    registered(api)
    before = stored()
    assert update(api, None, {"fullName": "Outra"}).reason == "TOKEN_MISSING"
    assert stored() == before


def test_an_account_that_went_meanwhile_is_not_made_again(api: Client) -> None:
    token = registered(api)
    User._get_collection().delete_one({"_id": ObjectId(stored()["_id"])})
    assert update(api, token, {"fullName": "Outra"}).reason == "TOKEN_REVOKED"
    assert User.objects.count() == 0
    assert profile_events() == []
