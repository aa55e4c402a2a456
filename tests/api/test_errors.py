"""Errors: their format, their language, and what they never reveal."""

import logging
import time
from typing import Any

import pytest

from app.accounts import logout
from app.errors import ErrorReason
from app.models.user import User
from tests.client import LOGIN, REGISTER, Client
from tests.factories import PASSWORD, person


@pytest.mark.parametrize(
    ("language", "message"),
    [
        (None, "Entre na sua conta para continuar."),
        ("pt-BR", "Entre na sua conta para continuar."),
        ("pt", "Entre na sua conta para continuar."),
        ("pt-PT,pt;q=0.9", "Entre na sua conta para continuar."),
        ("en", "Log in to continue."),
        ("en-US,en;q=0.9,pt-BR;q=0.8", "Log in to continue."),
        ("qaa, en;q=0.5", "Log in to continue."),
        ("es-AR,pt-BR;q=0.9", "Inicie sesión para continuar."),
        ("es-MX,es;q=0.9,en;q=0.8", "Inicie sesión para continuar."),
        ("en-GB", "Log in to continue."),
        ("qaa", "Entre na sua conta para continuar."),
        ("*", "Entre na sua conta para continuar."),
        ("pt;q=0.1, en;q=0.9", "Log in to continue."),
        ("en;q=0, pt", "Entre na sua conta para continuar."),
        (";;;,,=", "Entre na sua conta para continuar."),
    ],
)
def test_uses_the_language_of_the_request(api: Client, language: str, message: str) -> None:
    assert api.me(language=language).error["message"] == message


def test_uses_the_language_of_the_account_without_a_request_language(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.register(person(locale="en")).data["register"]["tokens"]["accessToken"]

    def fail(caller: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(logout, "logout", fail)
    assert (
        api.logout(token).error["message"] == "A server error occurred. Contact the administrator."
    )
    assert api.logout(token, language="pt").error["message"] == (
        "Ocorreu um erro no servidor. Contate o administrador."
    )


def test_an_unexpected_error_is_masked_and_logged_once(
    api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]

    def fail(caller: Any) -> int:
        raise RuntimeError("the secret detail in /some/file.py")

    monkeypatch.setattr(logout, "logout", fail)
    with caplog.at_level(logging.ERROR):
        answer = api.logout(token, headers={"X-Request-Id": "find-me"})
    assert answer.status == 200
    assert answer.data == {"logout": None}
    assert answer.error == {
        "message": "Ocorreu um erro no servidor. Contate o administrador.",
        "path": ["logout"],
        "locations": [{"line": 1, "column": 12}],
        "extensions": {
            "code": "INTERNAL_SERVER_ERROR",
            "reason": "EXCEPTION",
            "requestId": "find-me",
        },
    }
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "find-me" in record.getMessage()
    assert "the secret detail" in str(record.exc_info[1])


def test_missing_variables_are_reported_as_required_fields(api: Client) -> None:
    answer = api.send(REGISTER, {"input": {"fullName": "Ana", "email": None}})
    assert answer.status == 400
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert answer.error["extensions"]["fields"] == [
        {
            "field": "email",
            "path": ["input", "email"],
            "reason": "REQUIRED",
            "message": "Campo obrigatório",
        },
        {
            "field": "password",
            "path": ["input", "password"],
            "reason": "REQUIRED",
            "message": "Campo obrigatório",
        },
    ]


def test_a_missing_variable_is_reported_as_a_required_field(api: Client) -> None:
    assert api.send(LOGIN, {}).fields == {"input": "REQUIRED"}
    assert api.send(LOGIN, {"input": None}).fields == {"input": "REQUIRED"}


def test_missing_literals_are_reported_as_required_fields(api: Client) -> None:
    answer = api.send('mutation { login(input: {email: "a@example.com"}) { user { id } } }')
    assert (answer.code, answer.reason) == ("GRAPHQL_VALIDATION_FAILED", "INVALID_OPERATION")
    assert answer.fields == {"password": "REQUIRED"}
    answer = api.send("mutation { login(input: {email: null, password: 7}) { user { id } } }")
    assert [e["extensions"]["fields"][0]["reason"] for e in answer.errors] == [
        "REQUIRED",
        "INVALID_DATA",
    ]


@pytest.mark.parametrize(
    "value",
    [
        7,
        7.5,
        True,
        [],
        {},
        {"$ne": None},
        {"$gt": ""},
        [["x"]],
        ["segredo"],
        {"segredo": "segredo"},
    ],
)
@pytest.mark.parametrize("field", ["email", "password", "fullName", "cpfCnpj", "locale"])
def test_a_wrong_type_is_reported_without_repeating_the_value(
    api: Client, field: str, value: object
) -> None:
    answer = api.register({**person(), field: value})
    assert answer.status == 400
    assert answer.fields == {field: "INVALID_DATA"}
    assert "segredo" not in str(answer.body)
    assert User.objects.count() == 0


@pytest.mark.parametrize("value", ["2020-13-01", "yesterday", 7, {"$ne": None}, "", "9" * 5000])
def test_an_invalid_date_is_reported(api: Client, value: object) -> None:
    answer = api.register(person(dateOfBirth=value))
    assert answer.fields == {"dateOfBirth": "INVALID_DATE"}


def test_unknown_fields_are_reported_if_their_names_are_valid(api: Client) -> None:
    answer = api.register({**person(), "admin": True, "a\u202eb": 1, "a b": 2})
    paths = sorted(tuple(field["path"]) for field in answer.error["extensions"]["fields"])
    assert paths == [("input",), ("input",), ("input", "admin")]


def test_thousands_of_unknown_fields_get_a_short_answer(api: Client) -> None:
    answer = api.register({**person(), **{f"x{number}": 1 for number in range(4000)}})
    assert answer.reason == "INVALID_DATA"
    assert len(answer.error["extensions"]["fields"]) == 50


def test_a_refused_literal_is_never_repeated(api: Client) -> None:
    answer = api.send(
        'mutation { login(input: {email: "a@example.com", password: 987654321}) { user { id } } }'
    )
    assert answer.reason == "INVALID_OPERATION"
    assert "987654321" not in str(answer.body)
    answer = api.send('{ me { id } "segredo" }')
    assert answer.reason == "SYNTAX_ERROR"
    assert "segredo" not in str(answer.body)


def test_validation_errors_explain_documents_without_values(api: Client) -> None:
    extensions = api.send("{ me { nickname } }").error["extensions"]
    assert extensions["detail"].startswith("Cannot query field 'nickname' on type 'User'.")


def test_a_null_variable_for_a_required_argument_is_invalid_data(api: Client) -> None:
    query = (
        'mutation ($i: LoginInput = {email: "a@example.com", password: "x"}) '
        "{ login(input: $i) { user { id } } }"
    )
    answer = api.send(query, {"i": None})
    assert answer.reason == "INVALID_DATA"


def test_the_catalogue_lists_every_reason_in_the_callers_language(api: Client) -> None:
    query = "{ errorCatalog { reason code message } }"
    rows = {row["reason"]: row for row in api.send(query).data["errorCatalog"]}
    assert rows["INVALID_DATA"]["message"] == "Ocorreu um erro nos campos informados."
    assert rows["DOES_NOT_EXIST"]["message"] == "Este(a) {} não existe."
    assert rows["EXCEPTION"]["message"] == "Ocorreu um erro no servidor. Contate o administrador."
    assert rows["ALREADY_EXISTS"]["message"] == "Já existe um(a) {} com estes dados."
    assert rows["REQUIRED"]["message"] == "Campo obrigatório"
    assert rows["ALREADY_EXISTS"]["code"] == "CONFLICT"
    assert rows.keys() == {reason.name for reason in ErrorReason}
    english = {row["reason"]: row for row in api.send(query, language="en").data["errorCatalog"]}
    assert english["REQUIRED"]["message"] == "Required field"
    assert english.keys() == rows.keys()


def test_the_password_policy_can_be_read(api: Client) -> None:
    answer = api.send("{ passwordPolicy { minLength maxLength } }")
    assert answer.data["passwordPolicy"] == {"minLength": 8, "maxLength": 128}


def test_me_returns_the_account(api: Client) -> None:
    given = person(locale="en")
    token = api.register(given).data["register"]["tokens"]["accessToken"]
    me = api.me(token).data["me"]
    me.pop("id")
    assert me == {
        "email": given["email"],
        "fullName": given["fullName"],
        "locale": "en",
        "active": True,
        "roles": ["USER"],
    }
    assert api.me().reason == "TOKEN_MISSING"
    assert PASSWORD not in str(me)


def test_the_path_of_a_fault_does_not_depend_on_the_variable_name(api: Client) -> None:
    query = "mutation ($t: String!) { refreshToken(input: {refreshToken: $t}) { user { id } } }"
    field = api.send(query, {"t": 7}).error["extensions"]["fields"][0]
    assert (field["field"], field["path"]) == ("refreshToken", ["input", "refreshToken"])
    query = "mutation ($data: LoginInput!) { login(input: $data) { user { id } } }"
    fields = api.send(query, {"data": {"email": "a@b.co"}}).error["extensions"]["fields"]
    assert [field["path"] for field in fields] == [["input", "password"]]


def test_every_error_of_a_signed_in_account_is_in_its_language(api: Client) -> None:
    token = api.register(person(locale="en")).data["register"]["tokens"]["accessToken"]
    invalid = api.send("{ nobody }", token=token)
    assert invalid.error["message"] == "The GraphQL operation is not valid for this schema."
    rows = api.send("{ errorCatalog { reason message } }", token=token).data["errorCatalog"]
    assert {row["reason"]: row["message"] for row in rows}["REQUIRED"] == "Required field"
    assert api.send("{ nobody }", token="rubbish").error["message"].startswith("A operação")


def test_thousands_of_unknown_variables_take_linear_time(api: Client) -> None:
    """Quadratic time would be seconds: graphql-core repeats the whole input in each message."""

    def measure_seconds(count: int) -> float:
        """Return the least processor time of three refusals of so many unknown variables."""
        given = {**person(), **{f"x{number}": 1 for number in range(count)}}
        costs = []
        for _ in range(3):
            started = time.process_time()
            assert api.register(given).reason == "INVALID_DATA"
            costs.append(time.process_time() - started)
        return min(costs)

    assert measure_seconds(4500) < 30 * measure_seconds(450)  # quadratic: 100 times
