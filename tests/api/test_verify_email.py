"""verifyEmail, resendVerificationEmail, and what REQUIRE_VERIFIED_EMAIL changes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app import config
from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.mailbox import delivered, letter, signed_earlier

VERIFY = """
mutation Verify($token: String!) {
  verifyEmail(input: {token: $token}) { user { email emailVerified } }
}
"""
RESEND = """
mutation Resend($email: String!) {
  resendVerificationEmail(input: {email: $email}) { accepted }
}
"""


@pytest.fixture
def verification_required(app: object) -> Iterator[None]:
    """The application as REQUIRE_VERIFIED_EMAIL=true makes it."""
    usual = config.current()
    config.use(replace(usual, require_verified_email=True))
    yield
    config.use(usual)


def stored(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


def events(type_: str) -> int:
    return SecurityEvent._get_collection().count_documents({"type": type_})


def test_the_link_of_a_registration_verifies_the_address(api: Client) -> None:
    given = person()
    api.register(given)
    mail = letter("VERIFY_EMAIL")
    assert (mail.to, mail.values["full_name"]) == (given["email"], given["fullName"])
    assert mail.values["locale"] == "pt-BR"
    assert mail.values["valid_hours"] == 24

    answer = api.send(VERIFY, {"token": mail.token})

    assert answer.data == {
        "verifyEmail": {"user": {"email": given["email"], "emailVerified": True}}
    }
    assert stored(given["email"])["email_verified"] is True
    assert events("EMAIL_VERIFIED") == 1


def test_a_link_works_once(api: Client) -> None:
    api.register(person())
    token = letter("VERIFY_EMAIL").token
    assert not api.send(VERIFY, {"token": token}).errors

    again = api.send(VERIFY, {"token": token})

    assert (again.code, again.reason) == ("BAD_USER_INPUT", "LINK_INVALID")
    assert events("EMAIL_VERIFIED") == 1


def test_a_new_link_ends_the_older(api: Client) -> None:
    given = person()
    api.register(given)
    older = letter("VERIFY_EMAIL").token
    assert api.send(RESEND, {"email": given["email"]}).data == {
        "resendVerificationEmail": {"accepted": True}
    }
    newer = letter("VERIFY_EMAIL").token

    assert api.send(VERIFY, {"token": older}).reason == "LINK_INVALID"
    assert stored(given["email"])["email_verified"] is False
    assert not api.send(VERIFY, {"token": newer}).errors


def test_an_older_mail_that_comes_late_arms_nothing(api: Client) -> None:
    given = person()
    api.register(given)
    api.send(RESEND, {"email": given["email"]})
    links = [mail for mail in reversed(delivered()) if mail.kind == "VERIFY_EMAIL"]
    assert len(links) == 2  # composed in order: each was the newest in its turn
    newest, older = links
    assert api.send(VERIFY, {"token": older.token}).reason == "LINK_INVALID"
    assert not api.send(VERIFY, {"token": newest.token}).errors


def test_an_expired_link_is_told_apart_for_its_holder_alone(api: Client) -> None:
    given = person()
    api.register(given)
    with signed_earlier(hours=24, seconds=2):
        token = letter("VERIFY_EMAIL").token
    assert api.send(VERIFY, {"token": token}).reason == "LINK_EXPIRED"
    place = len(token) - 10  # within the signature; the last character has unused bits
    other = "A" if token[place] != "A" else "B"
    forged = token[:place] + other + token[place + 1 :]
    assert api.send(VERIFY, {"token": forged}).reason == "LINK_INVALID"
    assert stored(given["email"])["email_verified"] is False


@pytest.mark.parametrize(
    "token", ["", " ", "x", "a.b.c", "\u0000", "é" * 40, "9" * 5000, "e30.e30.e30"]
)
def test_refuses_what_is_no_link(api: Client, token: str) -> None:
    assert api.send(VERIFY, {"token": token}).reason == "LINK_INVALID"


def test_refuses_the_link_of_another_purpose(api: Client) -> None:
    given = person()
    api.register(given)
    delivered()
    api.send(
        "mutation($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }",
        {"email": given["email"]},
    )
    token = letter("RESET_PASSWORD").token
    assert api.send(VERIFY, {"token": token}).reason == "LINK_INVALID"
    assert stored(given["email"])["email_verified"] is False


def test_resending_answers_alike_and_writes_to_those_alone_who_need_it(api: Client) -> None:
    verified, unverified = person(), person()
    for given in (verified, unverified):
        api.register(given)
    tokens = {mail.to: mail.token for mail in delivered()}
    api.send(VERIFY, {"token": tokens[verified["email"]]})

    addresses = [verified["email"], unverified["email"], "ninguem@example.com"]
    answers = [api.send(RESEND, {"email": address}).body for address in addresses]

    assert answers == [{"data": {"resendVerificationEmail": {"accepted": True}}}] * 3
    assert [mail.to for mail in delivered()] == [unverified["email"]]


def test_resending_refuses_what_is_no_address(api: Client) -> None:
    answer = api.send(RESEND, {"email": "ana"})
    assert (answer.reason, answer.fields) == ("INVALID_DATA", {"email": "INVALID_EMAIL"})
    assert delivered() == []


def test_an_address_that_must_be_verified_gets_no_tokens_before(
    api: Client, verification_required: None
) -> None:
    given = person()
    made = api.register(given).data["register"]
    assert made["tokens"] is None
    assert made["user"]["emailVerified"] is False
    assert stored(given["email"])["session_ids"] == []

    refused = api.login(given["email"], PASSWORD)
    assert (refused.code, refused.reason) == ("FORBIDDEN", "EMAIL_NOT_VERIFIED")
    assert api.login(given["email"], "outra frase").reason == "INVALID_CREDENTIALS"
    assert stored(given["email"])["session_ids"] == []

    api.send(VERIFY, {"token": letter("VERIFY_EMAIL").token})
    assert api.login(given["email"], PASSWORD).data["login"]["tokens"]["accessToken"]


@pytest.fixture
def concealed(app: object) -> Iterator[None]:
    """The application as REGISTER_CONCEALS_ACCOUNTS=true makes it."""
    usual = config.current()
    config.use(replace(usual, require_verified_email=True, register_conceals_accounts=True))
    yield
    config.use(usual)


def test_a_concealed_address_registers_like_a_free_one(api: Client, concealed: None) -> None:
    owner = person()
    free = api.register(owner)
    delivered()
    before = stored(owner["email"])

    taken = api.register(person(email=owner["email"], fullName="Outra Pessoa"))

    assert not taken.errors
    made, pretended = (answer.data["register"] for answer in (free, taken))
    assert pretended["tokens"] is made["tokens"] is None
    assert pretended["user"].keys() == made["user"].keys()
    assert pretended["user"]["fullName"] == "Outra Pessoa"
    assert pretended["user"]["email"] == owner["email"]
    assert pretended["user"]["id"] != made["user"]["id"]
    assert stored(owner["email"]) == before
    told = delivered()
    assert [(mail.kind, mail.to) for mail in told] == [("ACCOUNT_EXISTS", owner["email"])]
    assert told[0].values["full_name"] == owner["fullName"]


def test_what_else_is_taken_is_told_even_so(api: Client, concealed: None) -> None:
    api.register(person(cpfCnpj="529.982.247-25"))
    answer = api.register(person(cpfCnpj="52998224725"))
    assert (answer.reason, answer.fields) == ("ALREADY_EXISTS", {"cpfCnpj": "ALREADY_EXISTS"})


def test_concealment_needs_verification() -> None:
    with pytest.raises(config.SettingsError, match="REGISTER_CONCEALS_ACCOUNTS"):
        config.load_settings({"FLASK_ENV": "testing", "REGISTER_CONCEALS_ACCOUNTS": "true"})
