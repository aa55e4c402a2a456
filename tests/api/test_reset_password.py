"""requestPasswordReset and resetPassword."""

import pytest

from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter, deliver_mail, sign_links_earlier

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


def register_account(api: Client, **changes: object) -> tuple[str, dict]:
    """Register an account and deliver its mail; return its address and tokens."""
    given = person(**changes)
    tokens = api.register(given).data["register"]["tokens"]
    deliver_mail()
    return given["email"], tokens


def request_reset(api: Client, email: str) -> str:
    """Request a password reset; return the token of its link."""
    api.send(REQUEST, {"email": email})
    return deliver_letter("RESET_PASSWORD").token


def reset(api: Client, token: str, password: str = NEW):
    return api.send(RESET, {"token": token, "newPassword": password})


def load_account(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


def test_the_link_of_the_mail_sets_a_new_password_and_signs_in(api: Client) -> None:
    email, _ = register_account(api)
    answer = reset(api, request_reset(api, email))

    data = answer.data["resetPassword"]
    assert data["user"] == {"email": email, "emailVerified": True}
    assert api.me(data["tokens"]["accessToken"]).data["me"]["email"] == email
    assert api.refresh(data["tokens"]["refreshToken"]).data["refreshToken"]
    assert api.login(email, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert api.login(email, NEW).data["login"]["user"]["email"] == email


def test_ends_every_other_session_and_its_access_tokens(api: Client) -> None:
    email, first = register_account(api)
    second = api.login(email, PASSWORD).data["login"]["tokens"]

    reset(api, request_reset(api, email))

    for old in (first, second):
        assert api.me(old["accessToken"]).reason == "TOKEN_REVOKED"
        assert api.refresh(old["refreshToken"]).reason == "TOKEN_REVOKED"
    user = load_account(email)
    assert len(user["session_ids"]) == 1
    kept = Session._get_collection().distinct("_id", {"user_id": user["_id"]})
    assert kept == user["session_ids"]


def test_sends_a_mail_to_the_owner_and_stores_an_event(api: Client) -> None:
    email, _ = register_account(api)
    token = request_reset(api, email)
    reset(api, token)
    (notice,) = deliver_mail()
    assert (notice.kind, notice.to) == ("PASSWORD_CHANGED", email)
    assert notice.values["ip_address"] == "127.0.0.1"
    kinds = SecurityEvent._get_collection().distinct(
        "type", {"user_id": load_account(email)["_id"]}
    )
    assert sorted(kinds) == ["PASSWORD_RESET", "REGISTERED"]


def test_gives_every_address_the_same_answer_and_sends_mail_to_accounts_alone(api: Client) -> None:
    email, _ = register_account(api)
    inactive, _ = register_account(api)
    User._get_collection().update_one({"email": inactive}, {"$set": {"active": False}})

    addresses = [email, email.upper(), inactive, "ninguem@example.com"]
    answers = [api.send(REQUEST, {"email": address}).body for address in addresses]

    assert answers == [{"data": {"requestPasswordReset": {"accepted": True}}}] * 4
    assert {mail.to for mail in deliver_mail()} == {email}


def test_sends_the_same_database_commands_for_every_address(
    api: Client, commands: list[str]
) -> None:
    email, _ = register_account(api)
    asked_for = []
    for address in (email, "ninguem@example.com"):
        commands.clear()
        api.send(REQUEST, {"email": address})
        asked_for.append(list(commands))
    assert asked_for[0] == asked_for[1]
    assert "insert" in asked_for[0]


def test_refuses_an_invalid_address(api: Client) -> None:
    answer = api.send(REQUEST, {"email": "ana@"})
    assert (answer.reason, answer.fields) == ("INVALID_DATA", {"email": "INVALID_EMAIL"})
    assert deliver_mail() == []


def test_a_link_works_once(api: Client) -> None:
    email, _ = register_account(api)
    token = request_reset(api, email)
    reset(api, token)
    before = load_account(email)

    again = reset(api, token, "mais uma frase comprida")

    assert (again.code, again.reason) == ("BAD_USER_INPUT", "LINK_INVALID")
    assert load_account(email) == before


def test_a_new_link_replaces_the_older(api: Client) -> None:
    email, _ = register_account(api)
    older = request_reset(api, email)
    newer = request_reset(api, email)
    assert reset(api, older).reason == "LINK_INVALID"
    assert not reset(api, newer).errors


def test_a_repeated_mail_does_not_reactivate_a_used_link(api: Client) -> None:
    from app.accounts.mail_content import compose
    from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord

    email, _ = register_account(api)
    api.send(REQUEST, {"email": email})
    mail = OutgoingMailRecord(OutgoingMail._get_collection().find_one({}))
    token = deliver_letter("RESET_PASSWORD").token
    reset(api, token)

    assert compose(mail) is None
    assert reset(api, token, "mais uma frase comprida").reason == "LINK_INVALID"


def test_any_change_of_the_password_invalidates_the_link(api: Client) -> None:
    email, tokens = register_account(api)
    token = request_reset(api, email)
    api.send(REQUEST, {"email": email})  # the mail is not delivered yet when the password changes
    changed = api.send(
        "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }",
        {"input": {"currentPassword": PASSWORD, "newPassword": NEW}},
        token=tokens["accessToken"],
    )
    assert not changed.errors

    assert reset(api, token, "mais uma frase comprida").reason == "LINK_INVALID"
    assert [mail.kind for mail in deliver_mail()] == ["PASSWORD_CHANGED"]


def test_an_expired_link_changes_nothing(api: Client) -> None:
    email, _ = register_account(api)
    with sign_links_earlier(hours=1, seconds=2):
        token = request_reset(api, email)
    before = load_account(email)
    answer = reset(api, token)
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "LINK_EXPIRED")
    assert load_account(email) == before


def test_a_weak_password_is_refused_and_the_link_stays_valid(api: Client) -> None:
    email, _ = register_account(api)
    token = request_reset(api, email)
    before = load_account(email)

    answer = reset(api, token, "12345678")

    assert (answer.reason, answer.fields) == (
        "INVALID_DATA",
        {"newPassword": "PASSWORD_TOO_COMMON"},
    )
    assert answer.error["extensions"]["fields"][0]["path"] == ["input", "newPassword"]
    assert reset(api, token, email).fields == {"newPassword": "PASSWORD_TOO_SIMILAR"}
    assert load_account(email) == before
    assert not reset(api, token).errors


def test_the_link_of_a_deactivated_account_is_invalid(api: Client) -> None:
    email, _ = register_account(api)
    token = request_reset(api, email)
    User._get_collection().update_one({"email": email}, {"$set": {"active": False}})
    before = load_account(email)
    assert reset(api, token).reason == "LINK_INVALID"
    assert load_account(email) == before


@pytest.mark.parametrize("token", ["", "x", "e30.e30.e30", "\u0000", "9" * 5000])
def test_refuses_an_invalid_link(api: Client, token: str) -> None:
    assert reset(api, token).reason == "LINK_INVALID"


def test_refuses_a_valid_signature_for_a_deleted_account(api: Client) -> None:
    email, _ = register_account(api)
    token = request_reset(api, email)
    User._get_collection().delete_one({"email": email})
    assert reset(api, token).reason == "LINK_INVALID"
