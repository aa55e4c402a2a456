"""requestPasswordReset and resetPassword."""

import pytest

from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.mailbox import delivered, letter, signed_earlier

REQUEST = """
mutation Request($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }
"""
RESET = """
mutation Reset($token: String!, $newPassword: String!) {
  resetPassword(input: {token: $token, newPassword: $newPassword}) {
    user { email emailVerified }
    tokens { accessToken refreshToken }
  }
}
"""
NEW = "outra frase longa e boa"


def registered(api: Client, **changes: object) -> tuple[str, dict]:
    """An address with an account, and its tokens; the mail of its registration is delivered."""
    given = person(**changes)
    tokens = api.register(given).data["register"]["tokens"]
    delivered()
    return given["email"], tokens


def asked(api: Client, email: str) -> str:
    """The token of a link that was asked for."""
    api.send(REQUEST, {"email": email})
    return letter("RESET_PASSWORD").token


def reset(api: Client, token: str, password: str = NEW):
    return api.send(RESET, {"token": token, "newPassword": password})


def stored(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


def test_the_link_of_the_mail_gives_a_new_password_and_signs_in(api: Client) -> None:
    email, _ = registered(api)
    answer = reset(api, asked(api, email))

    data = answer.data["resetPassword"]
    assert data["user"] == {"email": email, "emailVerified": True}
    assert api.me(data["tokens"]["accessToken"]).data["me"]["email"] == email
    assert api.refresh(data["tokens"]["refreshToken"]).data["refreshToken"]
    assert api.login(email, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert api.login(email, NEW).data["login"]["user"]["email"] == email


def test_every_other_session_ends_access_tokens_too(api: Client) -> None:
    email, first = registered(api)
    second = api.login(email, PASSWORD).data["login"]["tokens"]

    reset(api, asked(api, email))

    for old in (first, second):
        assert api.me(old["accessToken"]).reason == "TOKEN_REVOKED"
        assert api.refresh(old["refreshToken"]).reason == "TOKEN_REVOKED"
    user = stored(email)
    assert len(user["session_ids"]) == 1
    kept = Session._get_collection().distinct("_id", {"user_id": user["_id"]})
    assert kept == user["session_ids"]


def test_the_owner_is_told_and_it_is_kept_as_an_event(api: Client) -> None:
    email, _ = registered(api)
    token = asked(api, email)
    reset(api, token)
    (notice,) = delivered()
    assert (notice.kind, notice.to) == ("PASSWORD_CHANGED", email)
    assert notice.values["ip_address"] == "127.0.0.1"
    kinds = SecurityEvent._get_collection().distinct("type", {"user_id": stored(email)["_id"]})
    assert sorted(kinds) == ["PASSWORD_RESET", "REGISTERED"]


def test_answers_alike_for_any_address_and_writes_to_accounts_alone(api: Client) -> None:
    email, _ = registered(api)
    inactive, _ = registered(api)
    User._get_collection().update_one({"email": inactive}, {"$set": {"active": False}})

    addresses = [email, email.upper(), inactive, "ninguem@example.com"]
    answers = [api.send(REQUEST, {"email": address}).body for address in addresses]

    assert answers == [{"data": {"requestPasswordReset": {"accepted": True}}}] * 4
    assert {mail.to for mail in delivered()} == {email}


def test_asks_the_database_the_same_for_any_address(api: Client, commands: list[str]) -> None:
    email, _ = registered(api)
    asked_for = []
    for address in (email, "ninguem@example.com"):
        commands.clear()
        api.send(REQUEST, {"email": address})
        asked_for.append(list(commands))
    assert asked_for[0] == asked_for[1]
    assert "insert" in asked_for[0]


def test_refuses_what_is_no_address(api: Client) -> None:
    answer = api.send(REQUEST, {"email": "ana@"})
    assert (answer.reason, answer.fields) == ("INVALID_DATA", {"email": "INVALID_EMAIL"})
    assert delivered() == []


def test_a_link_works_once(api: Client) -> None:
    email, _ = registered(api)
    token = asked(api, email)
    reset(api, token)
    before = stored(email)

    again = reset(api, token, "mais uma frase comprida")

    assert (again.code, again.reason) == ("BAD_USER_INPUT", "LINK_INVALID")
    assert stored(email) == before


def test_a_new_link_ends_the_older(api: Client) -> None:
    email, _ = registered(api)
    older = asked(api, email)
    newer = asked(api, email)
    assert reset(api, older).reason == "LINK_INVALID"
    assert not reset(api, newer).errors


def test_a_mail_sent_again_after_its_link_was_used_does_not_revive_it(api: Client) -> None:
    from app.accounts.mail_content import compose
    from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord

    email, _ = registered(api)
    api.send(REQUEST, {"email": email})
    mail = OutgoingMailRecord(OutgoingMail._get_collection().find_one({}))
    token = letter("RESET_PASSWORD").token
    reset(api, token)

    assert compose(mail) is None
    assert reset(api, token, "mais uma frase comprida").reason == "LINK_INVALID"


def test_a_link_dies_with_any_change_of_the_password(api: Client) -> None:
    email, tokens = registered(api)
    token = asked(api, email)
    api.send(REQUEST, {"email": email})  # still on its way when the password changes
    changed = api.send(
        "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }",
        {"input": {"currentPassword": PASSWORD, "newPassword": NEW}},
        token=tokens["accessToken"],
    )
    assert not changed.errors

    assert reset(api, token, "mais uma frase comprida").reason == "LINK_INVALID"
    assert [mail.kind for mail in delivered()] == ["PASSWORD_CHANGED"]


def test_an_expired_link_changes_nothing(api: Client) -> None:
    email, _ = registered(api)
    with signed_earlier(hours=1, seconds=2):
        token = asked(api, email)
    before = stored(email)
    answer = reset(api, token)
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "LINK_EXPIRED")
    assert stored(email) == before


def test_a_weak_password_is_refused_and_leaves_the_link(api: Client) -> None:
    email, _ = registered(api)
    token = asked(api, email)
    before = stored(email)

    answer = reset(api, token, "12345678")

    assert (answer.reason, answer.fields) == (
        "INVALID_DATA",
        {"newPassword": "PASSWORD_TOO_COMMON"},
    )
    assert answer.error["extensions"]["fields"][0]["path"] == ["input", "newPassword"]
    assert reset(api, token, email).fields == {"newPassword": "PASSWORD_TOO_SIMILAR"}
    assert stored(email) == before
    assert not reset(api, token).errors


def test_the_link_of_a_deactivated_account_is_dead(api: Client) -> None:
    email, _ = registered(api)
    token = asked(api, email)
    User._get_collection().update_one({"email": email}, {"$set": {"active": False}})
    before = stored(email)
    assert reset(api, token).reason == "LINK_INVALID"
    assert stored(email) == before


@pytest.mark.parametrize("token", ["", "x", "e30.e30.e30", "\u0000", "9" * 5000])
def test_refuses_what_is_no_link(api: Client, token: str) -> None:
    assert reset(api, token).reason == "LINK_INVALID"


def test_refuses_a_true_signature_of_an_account_that_is_gone(api: Client) -> None:
    email, _ = registered(api)
    token = asked(api, email)
    User._get_collection().delete_one({"email": email})
    assert reset(api, token).reason == "LINK_INVALID"
