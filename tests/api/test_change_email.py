"""requestEmailChange and confirmEmailChange."""

from concurrent.futures import ThreadPoolExecutor

from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.client import Answer, Client, Socket
from tests.factories import PASSWORD, person
from tests.mailbox import Letter, deliver_letter, deliver_mail, sign_links_earlier
from tests.servers import Server

REQUEST = """
mutation Request($input: RequestEmailChangeInput!) {
  requestEmailChange(input: $input) { accepted }
}
"""
CONFIRM = """
mutation Confirm($token: String!) {
  confirmEmailChange(input: {token: $token}) { user { email emailVerified } }
}
"""
ACCEPTED = {"data": {"requestEmailChange": {"accepted": True}}}


def register_account(api: Client) -> tuple[str, str]:
    """Register an account; return its address and access token."""
    given = person()
    tokens = api.register(given).data["register"]["tokens"]
    deliver_mail()
    return given["email"], tokens["accessToken"]


def request(api: Client, token: str | None, new: str, password: str = PASSWORD) -> Answer:
    return api.send(REQUEST, {"input": {"newEmail": new, "password": password}}, token=token)


def confirm(api: Client, token: str) -> Answer:
    return api.send(CONFIRM, {"token": token})


def load_account(email: str) -> dict | None:
    return User._get_collection().find_one({"email": email})


def find_letter(kind: str, letters: list[Letter]) -> Letter:
    (found,) = [mail for mail in letters if mail.kind == kind]
    return found


def test_the_new_address_confirms_and_the_old_one_is_notified(api: Client) -> None:
    old, token = register_account(api)
    assert request(api, token, "Nova@Example.com").body == ACCEPTED
    letters = deliver_mail()
    link, notice = (
        find_letter("CHANGE_EMAIL", letters),
        find_letter("EMAIL_CHANGE_REQUESTED", letters),
    )
    assert (link.to, notice.to) == ("nova@example.com", old)
    assert notice.values["new_email"] == "nova@example.com"
    assert load_account(old)["email"] == old  # opening a mail changes nothing

    answer = confirm(api, link.token)

    user = {"email": "nova@example.com", "emailVerified": True}
    assert answer.data == {"confirmEmailChange": {"user": user}}
    assert load_account(old) is None
    assert api.login(old, PASSWORD).reason == "INVALID_CREDENTIALS"
    assert not api.login("nova@example.com", PASSWORD).errors
    assert not api.me(token).errors  # sessions stay alive
    assert [(mail.kind, mail.to) for mail in deliver_mail()] == [("EMAIL_CHANGED", old)]
    assert SecurityEvent._get_collection().count_documents({"type": "EMAIL_CHANGED"}) == 1


def test_a_link_works_once_and_a_new_link_replaces_the_older(api: Client) -> None:
    _, token = register_account(api)
    request(api, token, "um@example.com")
    older = deliver_letter("CHANGE_EMAIL").token
    request(api, token, "dois@example.com")
    newer = deliver_letter("CHANGE_EMAIL").token

    assert confirm(api, older).reason == "LINK_INVALID"
    assert confirm(api, newer).data["confirmEmailChange"]["user"]["email"] == "dois@example.com"
    assert confirm(api, newer).reason == "LINK_INVALID"


def test_an_expired_link_changes_nothing(api: Client) -> None:
    old, token = register_account(api)
    request(api, token, "nova@example.com")
    with sign_links_earlier(hours=24, seconds=2):
        link = deliver_letter("CHANGE_EMAIL").token
    assert confirm(api, link).reason == "LINK_EXPIRED"
    assert load_account("nova@example.com") is None
    assert load_account(old) is not None


def test_a_wrong_password_sends_nothing(api: Client) -> None:
    old, token = register_account(api)
    before = load_account(old)
    answer = request(api, token, "nova@example.com", "errada de propósito")
    assert answer.reason == "INVALID_CREDENTIALS"
    assert load_account(old) == before
    assert deliver_mail() == []


def test_refuses_the_current_address_and_invalid_addresses(api: Client) -> None:
    old, token = register_account(api)
    assert request(api, token, old.upper()).fields == {"newEmail": "INVALID_DATA"}
    assert request(api, token, "nova@").fields == {"newEmail": "INVALID_EMAIL"}
    assert request(api, None, "nova@example.com").reason == "TOKEN_MISSING"
    assert deliver_mail() == []


def test_a_taken_address_gets_the_same_answer_and_no_link(api: Client) -> None:
    taken, _ = register_account(api)
    old, token = register_account(api)
    assert request(api, token, taken).body == ACCEPTED
    assert [(mail.kind, mail.to) for mail in deliver_mail()] == [("EMAIL_CHANGE_REQUESTED", old)]


def test_an_address_taken_before_confirmation_is_refused_and_nothing_changes(api: Client) -> None:
    old, token = register_account(api)
    request(api, token, "nova@example.com")
    link = deliver_letter("CHANGE_EMAIL").token
    api.register(person(email="nova@example.com"))
    before = load_account(old)

    answer = confirm(api, link)

    assert (answer.code, answer.reason, answer.fields) == ("CONFLICT", "ALREADY_EXISTS", {})
    assert load_account(old) == before


def test_the_link_becomes_invalid_when_the_password_changes(api: Client) -> None:
    old, token = register_account(api)
    request(api, token, "ladra@example.com")
    link = deliver_letter("CHANGE_EMAIL").token
    api.send(
        "mutation($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }",
        {"input": {"currentPassword": PASSWORD, "newPassword": "outra frase longa e boa"}},
        token=token,
    )
    assert confirm(api, link).reason == "LINK_INVALID"
    assert load_account(old) is not None


def test_only_one_of_concurrent_requests_gets_an_address(api: Client, live_server: Server) -> None:
    people = [register_account(api) for _ in range(5)]  # a sixth would be throttled
    for _, token in people:
        assert request(api, token, "disputada@example.com").body == ACCEPTED
    links = [mail.token for mail in deliver_mail() if mail.kind == "CHANGE_EMAIL"]
    assert len(links) == 5
    there = Client(Socket(live_server.url))

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda token: confirm(there, token), links * 3))

    won = [answer for answer in answers if not answer.errors]
    assert len(won) == 1
    assert {answer.reason for answer in answers if answer.errors} <= {
        "ALREADY_EXISTS",
        "LINK_INVALID",
    }
    assert User._get_collection().count_documents({"email": "disputada@example.com"}) == 1
    assert User._get_collection().count_documents({}) == 5
