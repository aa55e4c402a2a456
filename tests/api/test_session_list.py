"""me { sessions }: where an account is signed in, for its owner and administrators."""

from dataclasses import replace
from datetime import timedelta

import pytest
from bson import ObjectId

from app import config
from app.accounts import last_use
from app.clock import now
from app.models.connection import client
from app.models.session import Session
from app.models.user import User
from app.security.links import LinkKind, make_link_token
from tests.client import Client
from tests.factories import PASSWORD, person

SESSIONS = "{ me { sessions { id current device ipAddress createdAt lastUsedAt expiresAt } } }"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)
USER_SESSIONS = "user { email sessions { id current } }"


def make_headers(user_agent: str) -> dict[str, str]:
    return {"User-Agent": user_agent}


def list_sessions(api: Client, token: str) -> list[dict]:
    answer = api.send(SESSIONS, token=token)
    assert answer.errors == []
    return answer.data["me"]["sessions"]


def read_access_token(answer: dict) -> str:
    (payload,) = answer.values()
    return payload["tokens"]["accessToken"]


@pytest.fixture
def two_devices(api: Client) -> tuple[str, str]:
    """The access tokens of one account's two sessions: Firefox's, then Chrome's."""
    given = person()
    first = api.register(given, headers=make_headers(FIREFOX)).data
    second = api.login(given["email"], PASSWORD, headers=make_headers(CHROME)).data
    return read_access_token(first), read_access_token(second)


def age_last_use() -> None:
    """Move the last use of all sessions 61 seconds back, in this worker and the database."""
    for session_id in last_use._written:
        last_use._written[session_id] -= 61
    sessions = Session._get_collection()
    for session in sessions.find():
        moved = session["last_used_at"] - timedelta(seconds=61)
        sessions.update_one({"_id": session["_id"]}, {"$set": {"last_used_at": moved}})


def test_lists_live_sessions_newest_first(api: Client, two_devices: tuple[str, str]) -> None:
    newest, oldest = list_sessions(api, two_devices[0])
    first, second = Session.objects.order_by("created_at")
    assert newest == {
        "id": str(second.id),
        "current": False,
        "device": "Chrome Mobile, Android",
        "ipAddress": "127.0.0.1",
        "createdAt": second.created_at.isoformat(),
        "lastUsedAt": second.created_at.isoformat(),
        "expiresAt": second.expires_at.isoformat(),
    }
    assert (oldest["id"], oldest["device"]) == (str(first.id), "Firefox, Windows")


def test_marks_the_current_session(api: Client, two_devices: tuple[str, str]) -> None:
    asked_by_firefox, asked_by_chrome = (list_sessions(api, token) for token in two_devices)
    assert [session["current"] for session in asked_by_firefox] == [False, True]
    assert [session["current"] for session in asked_by_chrome] == [True, False]


def test_shows_the_sessions_listed_by_the_account_and_no_others(
    api: Client, two_devices: tuple[str, str]
) -> None:
    kept, ended = Session.objects.order_by("created_at")
    User.objects.update(pull__session_ids=ended.id)
    assert [session["id"] for session in list_sessions(api, two_devices[0])] == [str(kept.id)]


def test_an_expired_session_is_hidden_before_the_database_removes_it(
    api: Client, two_devices: tuple[str, str]
) -> None:
    kept, expired = Session.objects.order_by("created_at")
    Session.objects(id=expired.id).update(set__expires_at=now() - timedelta(milliseconds=1))
    assert [session["id"] for session in list_sessions(api, two_devices[0])] == [str(kept.id)]


def test_an_account_has_no_other_accounts_sessions(
    api: Client, two_devices: tuple[str, str]
) -> None:
    stranger = read_access_token(api.register(person()).data)
    (session,) = list_sessions(api, stranger)
    assert session["id"] == str(Session.objects.order_by("-created_at").first().id)
    assert len(list_sessions(api, two_devices[0])) == 2


def test_takes_one_read_besides_that_of_the_caller(api: Client, commands: list[str]) -> None:
    token = read_access_token(api.register(person()).data)
    commands.clear()
    list_sessions(api, token)
    assert commands == ["find", "find"]


def test_a_login_payload_lists_the_new_session(api: Client) -> None:
    given = person()
    register = (
        f"mutation($input: RegisterInput!) {{ it: register(input: $input) {{ {USER_SESSIONS} }} }}"
    )
    made = api.send(register, {"input": given})
    assert made.errors == []
    first = str(Session.objects.get().id)
    assert made.data["it"]["user"]["sessions"] == [{"id": first, "current": True}]

    login = f"mutation($input: LoginInput!) {{ it: login(input: $input) {{ {USER_SESSIONS} }} }}"
    begun = api.send(login, {"input": {"email": given["email"], "password": PASSWORD}})
    assert begun.errors == []
    second = str(Session.objects.order_by("-created_at").first().id)
    assert begun.data["it"]["user"]["sessions"] == [
        {"id": second, "current": True},
        {"id": first, "current": False},
    ]


def test_a_refresh_payload_marks_its_session_as_current(
    api: Client, two_devices: tuple[str, str]
) -> None:
    given = person()
    refreshed = api.register(given).data["register"]["tokens"]["refreshToken"]
    api.login(given["email"], PASSWORD)
    fields = f"{{ {USER_SESSIONS} }}"
    refresh = f"mutation($t: String!) {{ refreshToken(input: {{refreshToken: $t}}) {fields} }}"
    # the token in the header belongs to another account and is not used
    answer = api.send(refresh, {"t": refreshed}, token=two_devices[0])
    assert answer.errors == []
    user = answer.data["refreshToken"]["user"]
    assert user["email"] == given["email"]
    assert [session["current"] for session in user["sessions"]] == [False, True]


def test_a_password_change_payload_marks_its_session_as_current(
    api: Client, two_devices: tuple[str, str]
) -> None:
    change = (
        "mutation($input: ChangePasswordInput!)"
        f" {{ changePassword(input: $input) {{ {USER_SESSIONS} }} }}"
    )
    passwords = {"currentPassword": PASSWORD, "newPassword": "outra frase longa e boa"}
    answer = api.send(change, {"input": passwords}, token=two_devices[0])
    assert answer.errors == []
    (session,) = answer.data["changePassword"]["user"]["sessions"]
    assert session == {"id": str(Session.objects.get().id), "current": True}


def test_a_login_does_not_authenticate_the_next_mutation(api: Client) -> None:
    given = person()
    api.register(given)
    both = """mutation($input: LoginInput!) {
      login(input: $input) { user { sessions { current } } }
      logout { sessionsEnded }
    }"""
    answer = api.send(both, {"input": {"email": given["email"], "password": PASSWORD}})
    assert [s["current"] for s in answer.data["login"]["user"]["sessions"]] == [True, False]
    assert answer.data["logout"] is None
    assert answer.reason == "TOKEN_MISSING"
    assert Session.objects.count() == 2


def test_an_account_with_an_unverified_address_is_not_signed_in(api: Client) -> None:
    usual = config.current()
    config.use(replace(usual, require_verified_email=True))
    try:
        register = f"mutation($it: RegisterInput!) {{ register(input: $it) {{ {USER_SESSIONS} }} }}"
        answer = api.send(register, {"it": person()})
    finally:
        config.use(usual)
    assert answer.data["register"]["user"]["sessions"] is None
    assert answer.reason == "TOKEN_MISSING"


VERIFY = f"mutation($t: String!) {{ verifyEmail(input: {{token: $t}}) {{ {USER_SESSIONS} }} }}"


def make_verification_link(email: str) -> str:
    """Return a link that verifies this address, as its mail would have it."""
    user, link_id = User.objects.get(email=email), ObjectId()
    User._get_collection().update_one(
        {"_id": user.id},
        {"$set": {"links.verify_email": {"id": link_id, "asked_at": now(), "spent": False}}},
    )
    return make_link_token(LinkKind.VERIFY_EMAIL, user.id, link_id)


def test_a_verification_link_does_not_give_access_to_the_list(api: Client) -> None:
    owner, stranger = person(), read_access_token(api.register(person()).data)
    token = read_access_token(api.register(owner).data)
    for sent_token, reason in ((None, "TOKEN_MISSING"), (stranger, "PERMISSION_DENIED")):
        answer = api.send(VERIFY, {"t": make_verification_link(owner["email"])}, token=sent_token)
        assert answer.data["verifyEmail"]["user"]["sessions"] is None
        assert answer.reason == reason
        assert answer.error["path"] == ["verifyEmail", "user", "sessions"]
    answer = api.send(VERIFY, {"t": make_verification_link(owner["email"])}, token=token)
    assert answer.errors == []
    assert [s["current"] for s in answer.data["verifyEmail"]["user"]["sessions"]] == [True]


def test_a_session_ended_by_a_mutation_does_not_authenticate_the_next(api: Client) -> None:
    owner = person()
    token = read_access_token(api.register(owner).data)
    both = VERIFY.replace("{ verifyEmail", "{ logout { sessionsEnded } verifyEmail", 1)
    answer = api.send(both, {"t": make_verification_link(owner["email"])}, token=token)
    assert answer.data["logout"] == {"sessionsEnded": 1}
    assert answer.data["verifyEmail"]["user"]["sessions"] is None
    assert answer.reason == "TOKEN_REVOKED"


PAGE = "{ users { edges { node { email sessions { device current } } } } }"


def test_an_administrator_reads_others_sessions_with_the_same_number_of_reads(
    api: Client, two_devices: tuple[str, str], commands: list[str]
) -> None:
    admin = read_access_token(api.register(person(email="admin@example.com")).data)
    User.objects(email="admin@example.com").update(set__roles=["USER", "ADMIN"])
    commands.clear()
    answer = api.send(PAGE, token=admin)
    assert answer.errors == []
    assert commands == ["find", "find", "find"]
    own, others = (edge["node"]["sessions"] for edge in answer.data["users"]["edges"])
    assert [session["current"] for session in own] == [True]
    assert others == [
        {"device": "Chrome Mobile, Android", "current": False},
        {"device": "Firefox, Windows", "current": False},
    ]


def test_a_page_reads_no_sessions_that_are_not_selected(api: Client, commands: list[str]) -> None:
    admin = read_access_token(api.register(person()).data)
    User.objects.update(set__roles=["ADMIN"])
    commands.clear()
    assert api.send("{ users { edges { node { email } } } }", token=admin).errors == []
    assert commands == ["find", "find"]


def test_a_use_is_stored_when_the_last_is_a_minute_old(api: Client, commands: list[str]) -> None:
    token = read_access_token(api.register(person()).data)
    opened = Session.objects.get().last_used_at
    commands.clear()
    api.me(token)
    assert commands == ["find"]
    assert Session.objects.get().last_used_at == opened

    age_last_use()
    commands.clear()
    api.me(token)
    api.me(token)
    assert commands == ["find", "update", "find"]
    assert Session.objects.get().last_used_at >= opened


def test_a_new_worker_does_not_repeat_a_write_of_the_last_minute(
    api: Client, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = read_access_token(api.register(person()).data)
    at = now()
    monkeypatch.setattr(last_use, "now", lambda: at)
    written = at - timedelta(seconds=58)
    Session.objects.update(set__last_used_at=written)
    last_use._written.clear()  # like a worker that has not seen the session yet
    commands.clear()
    api.me(token)
    api.me(token)
    assert commands == ["find", "update", "find"]
    assert Session.objects.get().last_used_at == written


def test_a_refresh_counts_as_a_use(api: Client, commands: list[str]) -> None:
    tokens = api.register(person()).data["register"]["tokens"]
    age_last_use()
    before = Session.objects.get().last_used_at
    api.refresh(tokens["refreshToken"])
    used = Session.objects.get().last_used_at
    assert used - before >= timedelta(seconds=61)
    commands.clear()
    api.me(tokens["accessToken"])
    assert commands == ["find"], "the refresh has just written it"


def test_a_request_succeeds_when_the_use_cannot_be_stored(api: Client) -> None:
    token = read_access_token(api.register(person()).data)
    age_last_use()
    before = Session.objects.get().last_used_at
    database = client()[Session._get_collection().database.name]
    database.command("collMod", "sessions", validator={"nothing": {"$exists": True}})
    try:
        answer = api.me(token)
    finally:
        database.command("collMod", "sessions", validator={})
    assert answer.errors == []
    assert Session.objects.get().last_used_at == before
