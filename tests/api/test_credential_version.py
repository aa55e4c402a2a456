"""Credentials that change, or are missing, while others sign in."""

import bcrypt
import pytest

from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.api.test_change_email import CONFIRM, REQUEST
from tests.api.test_change_password import CHANGE, NEW
from tests.api.test_races import run_at_once
from tests.client import Client, Socket
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter, deliver_mail
from tests.servers import Server

EMAIL = "ana@example.com"
ASK_RESET = """
mutation($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }
"""
RESET = """
mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { user { email } } }
"""


def load_account() -> dict:
    return User._get_collection().find_one({"email": EMAIL})


def register_account(api: Client) -> str:
    """Register an account; return its access token."""
    token = api.register(person(email=EMAIL)).data["register"]["tokens"]["accessToken"]
    deliver_mail()
    return token


def remove_field(field: str) -> None:
    User._get_collection().update_one({"email": EMAIL}, {"$unset": {field: ""}})


def test_a_changed_password_increments_the_version_and_a_login_does_not(api: Client) -> None:
    token = register_account(api)
    first = load_account()["credential_version"]
    assert api.login(EMAIL, PASSWORD).errors == []
    assert load_account()["credential_version"] == first
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert api.send(CHANGE, {"input": given}, token=token).errors == []
    second = load_account()["credential_version"]
    api.send(ASK_RESET, {"email": EMAIL})
    given = {"token": deliver_letter("RESET_PASSWORD").token, "newPassword": PASSWORD}
    assert api.send(RESET, {"input": given}).errors == []
    assert len({first, second, load_account()["credential_version"]}) == 3


def test_an_upgraded_hash_keeps_the_version(api: Client) -> None:
    register_account(api)
    version = load_account()["credential_version"]
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    User._get_collection().update_one({"email": EMAIL}, {"$set": {"password_hash": plain}})
    assert api.login(EMAIL, PASSWORD).errors == []
    assert load_account()["password_hash"] != plain
    assert load_account()["credential_version"] == version


def test_an_account_stored_without_a_version_can_sign_in_and_change(api: Client) -> None:
    register_account(api)
    remove_field("credential_version")
    token = api.login(EMAIL, PASSWORD).data["login"]["tokens"]["accessToken"]
    asked = {"newEmail": "nova@example.com", "password": PASSWORD}
    assert api.send(REQUEST, {"input": asked}, token=token).errors == []
    assert api.send(CONFIRM, {"token": deliver_letter("CHANGE_EMAIL").token}).errors == []
    User._get_collection().update_one({}, {"$set": {"email": EMAIL}})
    assert "credential_version" not in load_account()
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert api.send(CHANGE, {"input": given}, token=token).errors == []
    assert "credential_version" in load_account()
    assert api.login(EMAIL, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert api.login(EMAIL, NEW).errors == []


def test_an_account_without_a_password_is_refused_like_a_wrong_password(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measure time as the number of bcrypt runs and their cost."""
    token = register_account(api)
    wrong = api.login(EMAIL, "outra frase longa").body["errors"][0]
    remove_field("password_hash")
    sessions, runs, real = Session.objects.count(), [], bcrypt.checkpw

    def counted(password: bytes, known: bytes) -> bool:
        runs.append(int(known[4:6]))
        return real(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    refused = api.login(EMAIL, PASSWORD).error
    assert wrong["extensions"].pop("requestId") != refused["extensions"].pop("requestId")
    assert refused == wrong
    assert SecurityEvent.objects(type="LOGIN_REFUSED").count() == 2
    asked = {"newEmail": "nova@example.com", "password": PASSWORD}
    assert api.send(REQUEST, {"input": asked}, token=token).reason == "INVALID_CREDENTIALS"
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert api.send(CHANGE, {"input": given}, token=token).reason == "INVALID_CREDENTIALS"
    assert runs == [4, 4, 4]
    assert Session.objects.count() == sessions
    assert "password_hash" not in load_account()


def test_an_account_without_a_password_sets_its_first_by_a_reset_link(api: Client) -> None:
    register_account(api)
    remove_field("password_hash")
    api.send(ASK_RESET, {"email": EMAIL})
    given = {"token": deliver_letter("RESET_PASSWORD").token, "newPassword": NEW}
    assert api.send(RESET, {"input": given}).errors == []
    assert api.login(EMAIL, NEW).errors == []


def test_only_one_of_concurrent_password_changes_succeeds(api: Client, live_server: Server) -> None:
    live, token = Client(Socket(live_server.url)), register_account(api)
    passwords = [f"uma frase boa, a de número {number}" for number in range(5)]

    def act(number: int):
        given = {"currentPassword": PASSWORD, "newPassword": passwords[number]}
        return live.send(CHANGE, {"input": given}, token=token)

    answers = run_at_once(5, act)
    won = [number for number, answer in enumerate(answers) if not answer.errors]
    assert len(won) == 1
    refusals = {answer.reason for answer in answers if answer.errors}
    assert refusals <= {"TOKEN_REVOKED", "INVALID_CREDENTIALS", "TOO_MANY_ATTEMPTS"}
    assert live.login(EMAIL, passwords[won[0]]).errors == []


def test_a_login_sends_seven_database_commands_and_a_refused_one_four(
    api: Client, commands: list[str]
) -> None:
    register_account(api)
    commands.clear()
    assert api.login(EMAIL, PASSWORD).errors == []
    writes = ["update", "insert", "update", "insert", "commitTransaction"]
    assert sorted(commands) == sorted(["update", "find", *writes])
    commands.clear()
    assert api.login(EMAIL, "outra frase longa").reason == "INVALID_CREDENTIALS"
    assert commands == ["update", "find", "insert", "find"]
