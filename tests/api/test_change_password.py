"""changePassword."""

import pytest

from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.client import Answer, Client
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_mail

CHANGE = """
mutation Change($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    user { email }
    tokens { accessToken refreshToken expiresIn }
  }
}
"""
NEW = "outra frase longa e boa"


def register_account(api: Client) -> tuple[str, dict]:
    given = person()
    tokens = api.register(given).data["register"]["tokens"]
    deliver_mail()
    return given["email"], tokens


def change(api: Client, token: str | None, current: str = PASSWORD, new: str = NEW) -> Answer:
    given = {"currentPassword": current, "newPassword": new}
    return api.send(CHANGE, {"input": given}, token=token)


def load_account(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


def test_the_new_password_works_and_the_old_one_does_not(api: Client) -> None:
    email, tokens = register_account(api)
    assert change(api, tokens["accessToken"]).data["changePassword"]["user"] == {"email": email}
    assert api.login(email, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert not api.login(email, NEW).errors


def test_ends_every_other_session_and_returns_new_tokens(api: Client) -> None:
    email, tokens = register_account(api)
    other = api.login(email, PASSWORD).data["login"]["tokens"]

    fresh = change(api, tokens["accessToken"]).data["changePassword"]["tokens"]

    assert api.me(other["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(other["refreshToken"]).reason == "TOKEN_REVOKED"
    assert api.me(fresh["accessToken"]).data["me"]["email"] == email
    assert not api.refresh(fresh["refreshToken"]).errors
    user = load_account(email)
    assert Session._get_collection().distinct("_id") == user["session_ids"]
    assert len(user["session_ids"]) == 1


def test_the_old_refresh_token_counts_as_reused(api: Client) -> None:
    email, tokens = register_account(api)
    fresh = change(api, tokens["accessToken"]).data["changePassword"]["tokens"]
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REUSED"
    assert api.me(fresh["accessToken"]).reason == "TOKEN_REVOKED"
    assert load_account(email)["session_ids"] == []


def test_sends_a_mail_to_the_owner_and_stores_an_event(api: Client) -> None:
    email, tokens = register_account(api)
    change(api, tokens["accessToken"])
    assert [(mail.kind, mail.to) for mail in deliver_mail()] == [("PASSWORD_CHANGED", email)]
    kept = SecurityEvent._get_collection().find({"type": "PASSWORD_CHANGED"}).to_list()
    assert [event["user_id"] for event in kept] == [load_account(email)["_id"]]


@pytest.mark.parametrize(
    ("current", "new", "reason", "fields"),
    [
        ("outra coisa qualquer", NEW, "INVALID_CREDENTIALS", {}),
        (PASSWORD, "curta", "INVALID_DATA", {"newPassword": "TOO_SHORT"}),
        (PASSWORD, "x" * 129, "INVALID_DATA", {"newPassword": "TOO_LONG"}),
        (PASSWORD, "12345678", "INVALID_DATA", {"newPassword": "PASSWORD_TOO_COMMON"}),
        ("", NEW, "INVALID_DATA", {"currentPassword": "REQUIRED"}),
        (PASSWORD, "", "INVALID_DATA", {"newPassword": "REQUIRED"}),
    ],
)
def test_a_refusal_changes_nothing(
    api: Client, current: str, new: str, reason: str, fields: dict
) -> None:
    email, tokens = register_account(api)
    before = load_account(email)

    answer = change(api, tokens["accessToken"], current, new)

    assert (answer.reason, answer.fields) == (reason, fields)
    assert load_account(email) == before
    assert deliver_mail() == []
    assert not api.me(tokens["accessToken"]).errors
    assert SecurityEvent._get_collection().count_documents({"type": "PASSWORD_CHANGED"}) == 0


def test_needs_a_signed_in_caller(api: Client) -> None:
    assert change(api, None).reason == "TOKEN_MISSING"
