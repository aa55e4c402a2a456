"""verifyEmail, resendVerificationEmail, and what REQUIRE_VERIFIED_EMAIL changes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app import config
from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter, deliver_mail, sign_links_earlier

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
def require_verification(app: object) -> Iterator[None]:
    """Run the application with REQUIRE_VERIFIED_EMAIL=true."""
    usual = config.current()
    config.use(replace(usual, require_verified_email=True))
    yield
    config.use(usual)


def load_account(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


def count_events(type_: str) -> int:
    return SecurityEvent._get_collection().count_documents({"type": type_})


def test_the_link_of_a_registration_verifies_the_address(api: Client) -> None:
    given = person()
    api.register(given)
    mail = deliver_letter("VERIFY_EMAIL")
    assert (mail.to, mail.values["full_name"]) == (given["email"], given["fullName"])
    assert mail.values["locale"] == "pt-BR"
    assert mail.values["valid_hours"] == 24

    answer = api.send(VERIFY, {"token": mail.token})

    assert answer.data == {
        "verifyEmail": {"user": {"email": given["email"], "emailVerified": True}}
    }
    assert load_account(given["email"])["email_verified"] is True
    assert count_events("EMAIL_VERIFIED") == 1


def test_a_link_works_once(api: Client) -> None:
    api.register(person())
    token = deliver_letter("VERIFY_EMAIL").token
    assert not api.send(VERIFY, {"token": token}).errors

    again = api.send(VERIFY, {"token": token})

    assert (again.code, again.reason) == ("BAD_USER_INPUT", "LINK_INVALID")
    assert count_events("EMAIL_VERIFIED") == 1


def test_a_new_link_replaces_the_older(api: Client) -> None:
    given = person()
    api.register(given)
    older = deliver_letter("VERIFY_EMAIL").token
    assert api.send(RESEND, {"email": given["email"]}).data == {
        "resendVerificationEmail": {"accepted": True}
    }
    newer = deliver_letter("VERIFY_EMAIL").token

    assert api.send(VERIFY, {"token": older}).reason == "LINK_INVALID"
    assert load_account(given["email"])["email_verified"] is False
    assert not api.send(VERIFY, {"token": newer}).errors


def test_an_older_mail_that_arrives_late_has_no_valid_link(api: Client) -> None:
    given = person()
    api.register(given)
    api.send(RESEND, {"email": given["email"]})
    links = [mail for mail in reversed(deliver_mail()) if mail.kind == "VERIFY_EMAIL"]
    assert len(links) == 2  # composed in order: each link was the newest for a time
    newest, older = links
    assert api.send(VERIFY, {"token": older.token}).reason == "LINK_INVALID"
    assert not api.send(VERIFY, {"token": newest.token}).errors


def test_only_a_valid_signature_gets_the_error_of_an_expired_link(api: Client) -> None:
    given = person()
    api.register(given)
    with sign_links_earlier(hours=24, seconds=2):
        token = deliver_letter("VERIFY_EMAIL").token
    assert api.send(VERIFY, {"token": token}).reason == "LINK_EXPIRED"
    place = len(token) - 10  # changed inside the signature, as the last character has unused bits
    other = "A" if token[place] != "A" else "B"
    forged = token[:place] + other + token[place + 1 :]
    assert api.send(VERIFY, {"token": forged}).reason == "LINK_INVALID"
    assert load_account(given["email"])["email_verified"] is False


@pytest.mark.parametrize(
    "token", ["", " ", "x", "a.b.c", "\u0000", "é" * 40, "9" * 5000, "e30.e30.e30"]
)
def test_refuses_an_invalid_link(api: Client, token: str) -> None:
    assert api.send(VERIFY, {"token": token}).reason == "LINK_INVALID"


def test_refuses_the_link_of_another_purpose(api: Client) -> None:
    given = person()
    api.register(given)
    deliver_mail()
    api.send(
        "mutation($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }",
        {"email": given["email"]},
    )
    token = deliver_letter("RESET_PASSWORD").token
    assert api.send(VERIFY, {"token": token}).reason == "LINK_INVALID"
    assert load_account(given["email"])["email_verified"] is False


def test_resending_gives_the_same_answer_and_sends_mail_only_where_needed(api: Client) -> None:
    verified, unverified = person(), person()
    for given in (verified, unverified):
        api.register(given)
    tokens = {mail.to: mail.token for mail in deliver_mail()}
    api.send(VERIFY, {"token": tokens[verified["email"]]})

    addresses = [verified["email"], unverified["email"], "ninguem@example.com"]
    answers = [api.send(RESEND, {"email": address}).body for address in addresses]

    assert answers == [{"data": {"resendVerificationEmail": {"accepted": True}}}] * 3
    assert [mail.to for mail in deliver_mail()] == [unverified["email"]]


def test_resending_refuses_an_invalid_address(api: Client) -> None:
    answer = api.send(RESEND, {"email": "ana"})
    assert (answer.reason, answer.fields) == ("INVALID_DATA", {"email": "INVALID_EMAIL"})
    assert deliver_mail() == []


def test_an_address_gets_no_tokens_before_a_required_verification(
    api: Client, require_verification: None
) -> None:
    given = person()
    made = api.register(given).data["register"]
    assert made["tokens"] is None
    assert made["user"]["emailVerified"] is False
    assert load_account(given["email"])["session_ids"] == []

    refused = api.login(given["email"], PASSWORD)
    assert (refused.code, refused.reason) == ("FORBIDDEN", "EMAIL_NOT_VERIFIED")
    assert api.login(given["email"], "outra frase").reason == "INVALID_CREDENTIALS"
    assert load_account(given["email"])["session_ids"] == []

    api.send(VERIFY, {"token": deliver_letter("VERIFY_EMAIL").token})
    assert api.login(given["email"], PASSWORD).data["login"]["tokens"]["accessToken"]


@pytest.fixture
def conceal_accounts(app: object) -> Iterator[None]:
    """Run the application with REGISTER_CONCEALS_ACCOUNTS=true."""
    usual = config.current()
    config.use(replace(usual, require_verified_email=True, register_conceals_accounts=True))
    yield
    config.use(usual)


def test_a_taken_address_gets_the_same_answer_as_a_free_one(
    api: Client, conceal_accounts: None
) -> None:
    owner = person()
    free = api.register(owner)
    deliver_mail()
    before = load_account(owner["email"])

    taken = api.register(person(email=owner["email"], fullName="Outra Pessoa"))

    assert not taken.errors
    made, pretended = (answer.data["register"] for answer in (free, taken))
    assert pretended["tokens"] is made["tokens"] is None
    assert pretended["user"].keys() == made["user"].keys()
    assert pretended["user"]["fullName"] == "Outra Pessoa"
    assert pretended["user"]["email"] == owner["email"]
    assert pretended["user"]["id"] != made["user"]["id"]
    assert load_account(owner["email"]) == before
    told = deliver_mail()
    assert [(mail.kind, mail.to) for mail in told] == [("ACCOUNT_EXISTS", owner["email"])]
    assert told[0].values["full_name"] == owner["fullName"]


def test_a_taken_cpf_is_reported_nevertheless(api: Client, conceal_accounts: None) -> None:
    api.register(person(cpfCnpj="529.982.247-25"))
    answer = api.register(person(cpfCnpj="52998224725"))
    assert (answer.reason, answer.fields) == ("ALREADY_EXISTS", {"cpfCnpj": "ALREADY_EXISTS"})


def test_concealing_accounts_needs_verified_addresses() -> None:
    with pytest.raises(config.SettingsError, match="REGISTER_CONCEALS_ACCOUNTS"):
        config.load_settings({"FLASK_ENV": "testing", "REGISTER_CONCEALS_ACCOUNTS": "true"})
