"""logoutEverywhere and revokeSession, and the events that each way to end a session stores."""

import pytest
from bson import ObjectId

from app.models.connection import client
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.api.test_sessions import shift_rotations
from tests.client import Answer, Client
from tests.factories import PASSWORD, person

EVERYWHERE = """
mutation($input: LogoutEverywhereInput) { logoutEverywhere(input: $input) { sessionsEnded } }
"""
REVOKE = """
mutation($id: ID!) {
  revokeSession(input: {sessionId: $id}) {
    session { id current device ipAddress createdAt lastUsedAt expiresAt }
  }
}
"""
CURL, OKHTTP = {"User-Agent": "curl/8.5.0"}, {"User-Agent": "okhttp/4.12.0"}


def logout_everywhere(api: Client, token: str | None, **given: object) -> Answer:
    return api.send(EVERYWHERE, {"input": given or None}, token=token, headers=CURL)


def revoke(api: Client, session_id: object, token: str | None, **options: object) -> Answer:
    return api.send(REVOKE, {"id": str(session_id)}, token=token, headers=CURL, **options)


def list_last_events(count: int) -> list[tuple[str, str | None]]:
    """Return the type and user agent of the last `count` events, newest first."""
    return [
        (event.type.name, event.user_agent)
        for event in SecurityEvent.objects.order_by("-at", "-id").limit(count)
    ]


def read_stored_data() -> tuple:
    """Return all stored data that ending a session would change."""
    return tuple(
        list(document._get_collection().find(sort=[("_id", 1)]))
        for document in (User, Session, SecurityEvent)
    )


@pytest.fixture
def devices(api: Client) -> list[dict]:
    """The tokens of one account's three sessions; another account exists, too."""
    api.register(person())
    given = person()
    first = api.register(given).data["register"]["tokens"]
    others = [api.login(given["email"], PASSWORD, headers=OKHTTP).data for _ in range(2)]
    return [first, *(other["login"]["tokens"] for other in others)]


@pytest.fixture
def ids(devices: list[dict]) -> list[ObjectId]:
    """The ids of their sessions, in the same order."""
    return User.objects.order_by("-created_at").first().session_ids


def test_logout_everywhere_ends_all_sessions_at_once(api: Client, devices: list[dict]) -> None:
    answer = logout_everywhere(api, devices[1]["accessToken"])
    assert answer.errors == []
    assert answer.data == {"logoutEverywhere": {"sessionsEnded": 3}}
    for tokens in devices:
        assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
        assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REVOKED"
    stranger, owner = User.objects.order_by("created_at")
    assert (len(stranger.session_ids), owner.session_ids) == (1, [])
    assert [session.id for session in Session.objects] == stranger.session_ids
    assert list_last_events(2) == [("LOGGED_OUT", "curl/8.5.0"), ("LOGGED_IN", "okhttp/4.12.0")]


@pytest.mark.parametrize("given", [{"exceptCurrent": False}, {"exceptCurrent": None}])
def test_logout_everywhere_includes_the_current_session_by_default(
    api: Client, devices: list[dict], given: dict
) -> None:
    answer = logout_everywhere(api, devices[0]["accessToken"], **given)
    assert answer.data == {"logoutEverywhere": {"sessionsEnded": 3}}


def test_logout_everywhere_can_keep_the_current_session(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    answer = logout_everywhere(api, devices[1]["accessToken"], exceptCurrent=True)
    assert answer.data == {"logoutEverywhere": {"sessionsEnded": 2}}
    assert api.me(devices[1]["accessToken"]).errors == []
    assert api.refresh(devices[1]["refreshToken"]).errors == []
    for tokens in (devices[0], devices[2]):
        assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert User.objects.order_by("-created_at").first().session_ids == [ids[1]]


def test_ending_no_other_session_stores_no_event(api: Client) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    before = read_stored_data()
    answer = logout_everywhere(api, token, exceptCurrent=True)
    assert answer.data == {"logoutEverywhere": {"sessionsEnded": 0}}
    assert read_stored_data() == before


def test_a_session_that_the_database_has_removed_is_not_counted(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    Session.objects(id=ids[0]).delete()
    answer = logout_everywhere(api, devices[1]["accessToken"])
    assert answer.data == {"logoutEverywhere": {"sessionsEnded": 2}}


def test_logout_everywhere_needs_a_signed_in_caller(api: Client, devices: list[dict]) -> None:
    before = read_stored_data()
    assert logout_everywhere(api, None).reason == "TOKEN_MISSING"
    assert logout_everywhere(api, devices[0]["refreshToken"]).reason == "TOKEN_INVALID"
    assert read_stored_data() == before


def test_an_ended_session_cannot_end_others(api: Client, devices: list[dict]) -> None:
    api.logout(devices[0]["accessToken"])
    before = read_stored_data()
    assert logout_everywhere(api, devices[0]["accessToken"]).reason == "TOKEN_REVOKED"
    assert read_stored_data() == before


def test_revoke_ends_one_session_at_once_and_returns_it(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    stored = Session.objects.get(id=ids[2])
    answer = revoke(api, ids[2], devices[0]["accessToken"])
    assert answer.errors == []
    assert answer.data["revokeSession"]["session"] == {
        "id": str(ids[2]),
        "current": False,
        "device": "okhttp",
        "ipAddress": "127.0.0.1",
        "createdAt": stored.created_at.isoformat(),
        "lastUsedAt": stored.last_used_at.isoformat(),
        "expiresAt": stored.expires_at.isoformat(),
    }
    assert api.me(devices[2]["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(devices[2]["refreshToken"]).reason == "TOKEN_REVOKED"
    for tokens in devices[:2]:
        assert api.me(tokens["accessToken"]).errors == []
    assert Session.objects(id=ids[2]).count() == 0
    assert list_last_events(2) == [
        ("SESSION_REVOKED", "curl/8.5.0"),
        ("LOGGED_IN", "okhttp/4.12.0"),
    ]


def test_the_current_session_can_revoke_itself(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    answer = revoke(api, ids[0], devices[0]["accessToken"])
    assert answer.data["revokeSession"]["session"]["current"] is True
    assert api.me(devices[0]["accessToken"]).reason == "TOKEN_REVOKED"


@pytest.mark.parametrize("session_id", ["", "x", "0" * 24, "é" * 24, "\x00", "a" * 5000])
def test_an_unknown_session_id_is_not_found(
    api: Client, devices: list[dict], session_id: str
) -> None:
    before = read_stored_data()
    answer = revoke(api, session_id, devices[0]["accessToken"], language="pt-BR")
    assert answer.data == {"revokeSession": None}
    assert (answer.code, answer.reason) == ("NOT_FOUND", "DOES_NOT_EXIST")
    assert answer.error["message"] == "Este(a) sessão não existe."
    assert read_stored_data() == before


def test_an_ended_session_and_another_accounts_session_are_not_found(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    api.logout(devices[1]["accessToken"])
    foreign = User.objects.order_by("created_at").first().session_ids[0]
    before = read_stored_data()
    for session_id in (foreign, ids[1]):
        answer = revoke(api, session_id, devices[0]["accessToken"], language="en")
        assert answer.reason == "DOES_NOT_EXIST"
        assert answer.error["message"] == "This session does not exist."
    assert read_stored_data() == before


def test_revoke_needs_a_signed_in_caller(
    api: Client, devices: list[dict], ids: list[ObjectId]
) -> None:
    before = read_stored_data()
    assert revoke(api, ids[0], None).reason == "TOKEN_MISSING"
    assert read_stored_data() == before


def test_a_logout_stores_an_event(api: Client, devices: list[dict]) -> None:
    api.logout(devices[0]["accessToken"], headers=CURL)
    assert list_last_events(2) == [("LOGGED_OUT", "curl/8.5.0"), ("LOGGED_IN", "okhttp/4.12.0")]
    before = read_stored_data()
    assert api.logout(devices[0]["accessToken"]).reason == "TOKEN_REVOKED"
    assert read_stored_data() == before


def test_the_reuse_of_a_refresh_token_stores_an_event(api: Client, devices: list[dict]) -> None:
    api.refresh(devices[0]["refreshToken"])
    shift_rotations(11)
    assert api.refresh(devices[0]["refreshToken"], headers=CURL).reason == "TOKEN_REUSED"
    assert list_last_events(2) == [("TOKEN_REUSED", "curl/8.5.0"), ("LOGGED_IN", "okhttp/4.12.0")]
    before = read_stored_data()
    assert api.refresh(devices[0]["refreshToken"]).reason == "TOKEN_REVOKED"
    assert read_stored_data() == before


@pytest.mark.parametrize("end", ["logout", "everywhere", "revoke", "reuse"])
def test_no_session_ends_when_its_event_cannot_be_stored(
    api: Client, devices: list[dict], ids: list[ObjectId], end: str
) -> None:
    access, used = devices[0]["accessToken"], devices[0]["refreshToken"]
    api.refresh(used)
    shift_rotations(11)
    before = read_stored_data()
    ends = {
        "logout": lambda: api.logout(access),
        "everywhere": lambda: logout_everywhere(api, access),
        "revoke": lambda: revoke(api, ids[1], access),
        "reuse": lambda: api.refresh(used),
    }
    database = client()[Session._get_collection().database.name]
    database.command("collMod", "security_events", validator={"nothing": {"$exists": True}})
    try:
        answer = ends[end]()
    finally:
        database.command("collMod", "security_events", validator={})
    assert answer.reason == "EXCEPTION"
    assert read_stored_data() == before
    assert api.me(access).errors == []
