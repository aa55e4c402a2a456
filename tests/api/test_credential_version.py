"""What an account proves itself by changes, or is missing, while others sign in."""

import bcrypt
import pytest

from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.api.test_change_email import CONFIRM, REQUEST
from tests.api.test_change_password import CHANGE, NEW
from tests.api.test_races import at_once
from tests.client import Client, Socket
from tests.factories import PASSWORD, person
from tests.mailbox import delivered, letter
from tests.servers import Server

EMAIL = "ana@example.com"
ASK_RESET = """
mutation($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }
"""
RESET = """
mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { user { email } } }
"""


def stored() -> dict:
    return User._get_collection().find_one({"email": EMAIL})


def registered(api: Client) -> str:
    """The access token of an account."""
    token = api.register(person(email=EMAIL)).data["register"]["tokens"]["accessToken"]
    delivered()
    return token


def unset(field: str) -> None:
    User._get_collection().update_one({"email": EMAIL}, {"$unset": {field: ""}})


def test_a_changed_password_moves_the_version_and_a_login_does_not(api: Client) -> None:
    token = registered(api)
    first = stored()["credential_version"]
    assert api.login(EMAIL, PASSWORD).errors == []
    assert stored()["credential_version"] == first
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert api.send(CHANGE, {"input": given}, token=token).errors == []
    second = stored()["credential_version"]
    api.send(ASK_RESET, {"email": EMAIL})
    given = {"token": letter("RESET_PASSWORD").token, "newPassword": PASSWORD}
    assert api.send(RESET, {"input": given}).errors == []
    assert len({first, second, stored()["credential_version"]}) == 3


def test_an_upgraded_hash_leaves_the_version(api: Client) -> None:
    registered(api)
    version = stored()["credential_version"]
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    User._get_collection().update_one({"email": EMAIL}, {"$set": {"password_hash": plain}})
    assert api.login(EMAIL, PASSWORD).errors == []
    assert stored()["password_hash"] != plain
    assert stored()["credential_version"] == version


def test_an_account_stored_without_a_version_signs_in_and_changes(api: Client) -> None:
    registered(api)
    unset("credential_version")
    token = api.login(EMAIL, PASSWORD).data["login"]["tokens"]["accessToken"]
    asked = {"newEmail": "nova@example.com", "password": PASSWORD}
    assert api.send(REQUEST, {"input": asked}, token=token).errors == []
    assert api.send(CONFIRM, {"token": letter("CHANGE_EMAIL").token}).errors == []
    User._get_collection().update_one({}, {"$set": {"email": EMAIL}})
    assert "credential_version" not in stored()
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert api.send(CHANGE, {"input": given}, token=token).errors == []
    assert "credential_version" in stored()
    assert api.login(EMAIL, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert api.login(EMAIL, NEW).errors == []


def test_an_account_without_a_password_is_refused_as_any_other(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is counted in bcrypt runs and their cost."""
    token = registered(api)
    wrong = api.login(EMAIL, "outra frase longa").body["errors"][0]
    unset("password_hash")
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
    assert "password_hash" not in stored()


def test_an_account_without_a_password_gets_its_first_by_a_link(api: Client) -> None:
    registered(api)
    unset("password_hash")
    api.send(ASK_RESET, {"email": EMAIL})
    given = {"token": letter("RESET_PASSWORD").token, "newPassword": NEW}
    assert api.send(RESET, {"input": given}).errors == []
    assert api.login(EMAIL, NEW).errors == []


def test_of_password_changes_at_once_one_wins(api: Client, live_server: Server) -> None:
    live, token = Client(Socket(live_server.url)), registered(api)
    passwords = [f"uma frase boa, a de número {number}" for number in range(5)]

    def act(number: int):
        given = {"currentPassword": PASSWORD, "newPassword": passwords[number]}
        return live.send(CHANGE, {"input": given}, token=token)

    answers = at_once(5, act)
    won = [number for number, answer in enumerate(answers) if not answer.errors]
    assert len(won) == 1
    refusals = {answer.reason for answer in answers if answer.errors}
    assert refusals <= {"TOKEN_REVOKED", "INVALID_CREDENTIALS", "TOO_MANY_ATTEMPTS"}
    assert live.login(EMAIL, passwords[won[0]]).errors == []


def test_a_login_asks_the_database_seven_times_and_a_refused_one_four(
    api: Client, commands: list[str]
) -> None:
    registered(api)
    commands.clear()
    assert api.login(EMAIL, PASSWORD).errors == []
    writes = ["update", "insert", "update", "insert", "commitTransaction"]
    assert sorted(commands) == sorted(["update", "find", *writes])
    commands.clear()
    assert api.login(EMAIL, "outra frase longa").reason == "INVALID_CREDENTIALS"
    assert commands == ["update", "find", "insert", "find"]
