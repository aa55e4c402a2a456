"""flask keys: what operators run; in separate processes where settings differ."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from app.models.signing_key import SigningKey
from app.security import key_ring
from app.security.keys import secret_kid
from tests.client import Client
from tests.conftest import SECRET_KEY
from tests.factories import person
from tests.keys import header
from tests.terminal import Terminal

OTHER_SECRET = "another-secret-of-more-than-thirty-two-bytes"


@dataclass(frozen=True)
class Done:
    """The outcome of a command."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def flask_keys(api: Client, app: Flask) -> Run:
    """Run `flask keys ...` in this process, over the database that `api` has emptied."""

    def run(*arguments: str, typed: str = "") -> Done:
        key_ring.forget_keys()
        result = app.test_cli_runner().invoke(args=["keys", *arguments], input=typed)
        key_ring.forget_keys()
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def operator(api: Client, database_uri: str) -> Run:
    """Run `flask keys ...` in a process of its own, with these settings changed."""

    def run(*arguments: str, **changes: str) -> Done:
        done = Terminal(database_uri).run("keys", *arguments, **changes)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def load_keys() -> list[dict]:
    return list(SigningKey._get_collection().find(sort=[("number", -1)]))


def list_keys(flask_keys: Run) -> list[dict]:
    return json.loads(flask_keys("list", "--json").stdout)


def test_rotates_twice_and_lists_all_keys(flask_keys: Run) -> None:
    (only,) = list_keys(flask_keys)
    assert (only["kid"], only["state"]) == (secret_kid(SECRET_KEY), "signs")
    first = flask_keys("rotate", "--at-once")
    second = flask_keys("rotate", "--algorithm", "EdDSA")
    assert (first.returncode, second.returncode) == (0, 0)
    newest, older, secret = list_keys(flask_keys)
    assert [row["state"] for row in (newest, older, secret)] == ["next", "signs", "verifies"]
    assert [row["algorithm"] for row in (newest, older, secret)] == ["EdDSA", "HS256", "HS256"]
    assert secret["kid"] == secret_kid(SECRET_KEY)
    assert newest["expires_at"] is None
    assert older["expires_at"] > secret["expires_at"] > newest["signs_from"]
    assert first.stdout == f"Made {older['kid']} (HS256): signs from {older['signs_from']}\n"
    assert second.stdout == f"Made {newest['kid']} (EdDSA): signs from {newest['signs_from']}\n"
    names = {"kid", "algorithm", "state", "created_at", "signs_from", "expires_at"}
    assert {frozenset(row) for row in (newest, older, secret)} == {frozenset(names)}


def test_lists_keys_as_a_table(flask_keys: Run) -> None:
    flask_keys("rotate")
    head, newest, secret = flask_keys("list").stdout.splitlines()
    assert head.split() == ["KID", "ALGORITHM", "STATE", "CREATED", "SIGNS", "FROM", "GONE", "AT"]
    assert newest.split()[:3] == [load_keys()[0]["_id"], "HS256", "next"]
    assert newest.split()[-1] == "-"
    assert secret.split()[:3] == [secret_kid(SECRET_KEY), "HS256", "signs"]


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_the_setting_selects_the_algorithm_and_the_first_key_is_created_automatically(
    operator: Run, algorithm: str
) -> None:
    first = operator("check", JWT_ALGORITHM=algorithm)
    assert first.returncode == 0
    newest, secret = load_keys()
    assert first.stdout == f"{newest['_id']} ({algorithm}) signs\n"
    assert (newest["algorithm"], secret["algorithm"]) == (algorithm, "HS256")
    assert operator("check").stdout == first.stdout  # the stored key decides, not the setting
    assert load_keys() == [newest, secret]
    assert operator("rotate", JWT_ALGORITHM=algorithm).returncode == 0
    assert [key["algorithm"] for key in load_keys()] == [algorithm, algorithm, "HS256"]


def test_a_different_secret_key_is_reported_in_one_line_and_changes_nothing(
    flask_keys: Run, operator: Run
) -> None:
    flask_keys("rotate")
    before = load_keys()
    kids = " ".join(key["_id"] for key in before)
    for command in ("check", "rotate"):
        refused = operator(command, SECRET_KEY=OTHER_SECRET)
        assert refused.returncode == 2
        assert refused.stderr == (
            "Error: SECRET_KEY: The signing keys in the database were stored under another one."
            f" Set it again, or log everybody out: flask keys remove {kids}\n"
        )
    assert load_keys() == before
    removed = operator("remove", *kids.split(), "--yes", SECRET_KEY=OTHER_SECRET)
    assert (removed.returncode, removed.stdout) == (0, "Removed 2\n")
    check = operator("check", SECRET_KEY=OTHER_SECRET)
    assert check.stdout == f"{secret_kid(OTHER_SECRET)} (HS256) signs\n"


def test_the_newest_key_cannot_be_removed(flask_keys: Run) -> None:
    flask_keys("rotate")
    before = load_keys()
    alone = flask_keys("remove", before[0]["_id"], "--yes")
    unknown = flask_keys("remove", before[1]["_id"], "nobody", "--yes")
    assert (alone.returncode, unknown.returncode) == (1, 1)
    assert alone.stderr == (
        f"Error: {before[0]['_id']} is the newest: rotate first. Nothing was removed.\n"
    )
    assert unknown.stderr == "Error: Not stored: nobody. Nothing was removed.\n"
    assert load_keys() == before


def test_asks_for_confirmation_before_removing(flask_keys: Run) -> None:
    flask_keys("rotate")
    older = load_keys()[1]["_id"]
    assert flask_keys("remove", older, typed="n\n").returncode == 1
    assert len(load_keys()) == 2
    assert flask_keys("remove", older, typed="y\n").returncode == 0
    assert len(load_keys()) == 1


def test_a_wrong_use_is_reported_with_exit_code_2(operator: Run) -> None:
    assert operator("rotate", "--algorithm", "none").returncode == 2
    wrong = operator("rotate", JWT_ALGORITHM="HS512")
    assert wrong.returncode != 0
    assert "JWT_ALGORITHM" in wrong.stderr
    assert load_keys() == []


def test_an_unreachable_database_is_reported_in_one_line(operator: Run) -> None:
    away = {"MONGODB_URI": "mongodb://127.0.0.1:9/accounts", "DATABASE_TIMEOUT_MS": "200"}
    refused = operator("rotate", **away)
    assert refused.returncode == 2
    assert refused.stderr == "Error: The database does not answer (DATABASE_UNAVAILABLE).\n"


def test_every_command_has_help(app: Flask) -> None:
    told = app.test_cli_runner().invoke(args=["keys", "--help"]).output
    for command in ("rotate", "list", "check", "remove"):
        assert f"\n  {command} " in told
        helped = app.test_cli_runner().invoke(args=["keys", command, "--help"])
        assert helped.exit_code == 0
        assert len(helped.output.splitlines()) > 5
    rotate = app.test_cli_runner().invoke(args=["keys", "rotate", "--help"]).output
    assert "Nobody is signed out" in " ".join(rotate.split())


def test_this_process_signs_with_a_key_created_in_a_terminal(api: Client, operator: Run) -> None:
    before = api.register(person()).data["register"]["tokens"]["accessToken"]
    operator("rotate", "--at-once", "--algorithm", "RS256")
    key_ring.forget_keys()
    after = api.register(person()).data["register"]["tokens"]["accessToken"]
    assert header(after)["kid"] == load_keys()[0]["_id"]
    assert api.me(before).errors == api.me(after).errors == []
