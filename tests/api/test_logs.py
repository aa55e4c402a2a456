"""Logs: one line a request with its operation, cost and outcome, and no personal data."""

import json
import logging
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from pymongo.errors import DuplicateKeyError

from app.accounts import logout
from app.web.telemetry.log_format import JsonLines
from app.web.telemetry.readable_request import format_request
from schema.engine.persisted import hash_text
from tests.client import LOGIN, ME, REGISTER, Client
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.servers import ROOT

Lines = pytest.CaptureFixture[str]


def read_lines(capfd: Lines) -> list[dict]:
    """Return the log lines of the requests since the last call."""
    written = capfd.readouterr().err.splitlines()
    return [json.loads(line) for line in written if '"event":"request"' in line]


def test_a_request_writes_one_line_with_operation_cost_and_outcome(
    api: Client, capfd: Lines
) -> None:
    answer = api.register(person())
    token, user_id = (
        answer.data["register"]["tokens"]["accessToken"],
        answer.data["register"]["user"]["id"],
    )
    capfd.readouterr()
    text = "query WhoAmI { me { email } }"
    assert api.send(text, token=token, headers={"X-Request-Id": "mine"}).errors == []
    (line,) = read_lines(capfd)
    assert line.pop("at").endswith("+00:00")
    assert 0 < line.pop("database_milliseconds") < line.pop("milliseconds")
    assert line == {
        "event": "request",
        "request_id": "mine",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "outcomes": ["OK"],
        "database_questions": 1,
        "operation": "WhoAmI",
        "type": "query",
        "document": hash_text(text)[:16],
        "user_id": user_id,
    }


def test_logs_the_account_and_the_mutation_of_a_registration(api: Client, capfd: Lines) -> None:
    user_id = api.register(person()).data["register"]["user"]["id"]
    (line,) = read_lines(capfd)
    assert (line["operation"], line["type"], line["user_id"]) == ("Register", "mutation", user_id)
    assert line["document"] == hash_text(REGISTER)[:16]


def test_counts_database_commands_for_each_request(api: Client, capfd: Lines) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    capfd.readouterr()
    api.me(token)
    api.me(token)
    api.send("{ __typename }")
    assert [line["database_questions"] for line in read_lines(capfd)] == [1, 1, 0]


def test_logs_the_reasons_of_a_refusal(api: Client, capfd: Lines) -> None:
    api.me()
    api.send("{ nothing }")
    api.send("{ me")
    api.send("query A { __typename } query B { __typename }")
    named = [(line["outcomes"], line.get("type"), line["status"]) for line in read_lines(capfd)]
    assert named == [
        (["TOKEN_MISSING"], "query", 200),
        (["INVALID_OPERATION"], None, 400),
        (["SYNTAX_ERROR"], None, 400),
        (["INVALID_OPERATION"], None, 400),
    ]


def test_logs_the_hash_of_a_refused_document(api: Client, capfd: Lines) -> None:
    api.send("{ me")
    (line,) = read_lines(capfd)
    assert line["document"] == hash_text("{ me")[:16]


def test_logs_an_unknown_hash(api: Client, capfd: Lines) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "ab" * 32}}
    api.http.post("/graphql", json={"extensions": extensions}, headers={})
    (line,) = read_lines(capfd)
    assert (line["document"], line["outcomes"]) == ("ab" * 8, ["PERSISTED_QUERY_NOT_FOUND"])


def test_cuts_a_long_name(api: Client, capfd: Lines) -> None:
    api.send(f"query {'a' * 300} {{ __typename }}")
    (line,) = read_lines(capfd)
    assert line["operation"] == "a" * 100


def test_logs_the_route_and_never_what_a_client_typed(api: Client, capfd: Lines) -> None:
    for path in ("/health/live?token=secret", "/ana@example.com/52998224725", "/graphql/"):
        api.http.get(path)
    told = [(line["path"], line["status"], line["outcomes"]) for line in read_lines(capfd)]
    assert told == [
        ("/health/live", 200, ["OK"]),
        (None, 404, ["DOES_NOT_EXIST"]),
        (None, 404, ["DOES_NOT_EXIST"]),
    ]


def test_no_line_has_personal_data(api: Client, capfd: Lines) -> None:
    given = person(cpfCnpj="529.982.247-25")
    tokens = api.register(given).data["register"]["tokens"]
    api.register(given)
    api.login(given["email"], given["password"])
    api.login(given["email"], "wrong-" + given["password"])
    api.refresh(tokens["refreshToken"])
    inline = f'email: "{given["email"]}", password: "x"'
    api.send(f"mutation {{ login(input: {{{inline}}}) {{ user {{ id }} }} }}")
    api.send(LOGIN, {"input": {"email": given["email"], "password": given["password"]}})
    api.send(ME, token=tokens["accessToken"] + "x")
    api.send("query ($e: Int!) { __typename }", {"e": given["email"]})
    written = capfd.readouterr().err
    assert written.count('"event":"request"') == 9
    secrets = [given["email"], given["email"].split("@")[0], given["fullName"], given["password"]]
    secrets += ["52998224725", "529.982.247-25", tokens["accessToken"], tokens["refreshToken"]]
    assert [secret for secret in secrets if secret in written] == []


def make_log_record(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord(
            "schema.engine.errors",
            logging.ERROR,
            __file__,
            1,
            "in request %s",
            ("r-1",),
            sys.exc_info(),
        )


def test_an_unexpected_error_is_logged_by_type_and_place_without_its_message() -> None:
    error = DuplicateKeyError('E11000 dup key: { email: "ana@example.com" }', 11000)
    line = json.loads(JsonLines().format(make_log_record(error)))
    assert "ana@example.com" not in json.dumps(line)
    assert line["exception"] == ["pymongo.errors.DuplicateKeyError"]
    (place,) = line["places"]
    assert place.startswith("test_logs:") or ".test_logs:" in place
    assert (line["event"], line["level"]) == ("in request r-1", "error")


def test_an_error_is_logged_with_its_cause_and_the_frames_of_the_product(
    api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]

    def fail(*_: object) -> None:
        try:
            raise KeyError("ana@example.com")
        except KeyError as error:
            raise RuntimeError("ana@example.com") from error

    monkeypatch.setattr(logout, "logout", fail)
    api.logout(token, headers={"X-Request-Id": "find-me"})
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    text = JsonLines().format(record)
    line = json.loads(text)
    assert "ana@example.com" not in text
    assert line["exception"] == ["builtins.RuntimeError", "builtins.KeyError"]
    assert line["request_id"] == "find-me"
    assert any(place.startswith("schema.mutations.logout:") for place in line["places"])


def run_application(environment: dict[str, str], tmp_path: Path) -> str:
    """Return what an application with this environment logs of one warning and one request."""
    program = (
        "import logging; from app.factory import create_app; app = create_app();"
        "logging.getLogger('somewhere').warning('said %s', 1);"
        "app.test_client().get('/health/live')"
    )
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stderr


def test_every_line_is_json_in_production(tmp_path: Path) -> None:
    told = run_application(
        {"FLASK_ENV": "production", "MONGODB_URI": "mongodb://127.0.0.1:1/x"}, tmp_path
    )
    warning, request = [json.loads(line) for line in told.splitlines()]
    assert (warning["event"], warning["level"], warning["logger"]) == (
        "said 1",
        "warning",
        "somewhere",
    )
    assert (request["event"], request["path"], request["status"]) == (
        "request",
        "/health/live",
        200,
    )


def test_lines_are_readable_text_in_development(tmp_path: Path) -> None:
    told = run_application({"FLASK_ENV": "development", "GRAPHIQL": "false"}, tmp_path)
    warning, request = told.splitlines()
    assert "[warning" in warning
    assert "said 1" in warning
    assert re.fullmatch(r"\d\d:\d\d:\d\d  GET /health/live  200  OK  [\d.]+ ms", request)


def test_a_request_is_one_short_line_in_development() -> None:
    line = {
        "at": datetime(2026, 3, 1, 12, 3, 4).astimezone(),
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "milliseconds": 34.21,
        "outcomes": ("OK",),
        "database_questions": 5,
        "database_milliseconds": 12.05,
        "operation": "Register",
        "type": "mutation",
    }
    readable = b"12:03:04  POST /graphql  200  mutation Register  OK  34 ms  5 queries (12 ms)\n"
    assert format_request(line) == readable
    refused = line | {"status": 400, "outcomes": ("INVALID_DATA", "TOO_LONG"), "operation": None}
    refused |= {"milliseconds": 0.84, "database_questions": 0}
    assert format_request(refused) == (
        b"12:03:04  POST /graphql  400  mutation  INVALID_DATA, TOO_LONG  0.8 ms\n"
    )
