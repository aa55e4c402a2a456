"""me { securityEvents }: the events of an account, page by page, for those who may read them."""

from datetime import timedelta

import pytest
from bson import ObjectId

from app.clock import now
from app.models.security_event import SecurityEvent, SecurityEventType
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person

EVENTS = """
query Events($first: Int, $after: String) {
  me {
    securityEvents(first: $first, after: $after) {
      edges { cursor node { id type at ipAddress device } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
USERS = """query Users($after: String) {
  users(after: $after) { edges { cursor node { securityEvents { edges { node { type } } } } } }
}"""
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_up(api: Client, **changes: object) -> str:
    return api.register(person(**changes)).data["register"]["tokens"]["accessToken"]


def read_page(api: Client, token: str, **variables: object) -> dict:
    answer = api.send(EVENTS, variables, token=token)
    assert answer.errors == []
    return answer.data["me"]["securityEvents"]


def add_past_events(count: int, *, at_once: bool = False) -> list[str]:
    """Store `count` older events of the only account; return their ids, newest first."""
    user, start = User.objects.get(), now() - timedelta(days=1)
    made = [
        SecurityEvent(
            user_id=user.id,
            type=SecurityEventType.PROFILE_UPDATED,
            at=start - (timedelta() if at_once else timedelta(milliseconds=number)),
            expires_at=start + timedelta(days=365),
        ).save()
        for number in range(count)
    ]
    order = sorted(made, key=lambda event: (event.at, event.id), reverse=True)
    return [str(event.id) for event in order]


def test_lists_events_newest_first(api: Client) -> None:
    given = person()
    api.register(given)
    headers = {"User-Agent": FIREFOX}
    token = api.login(given["email"], PASSWORD, headers=headers).data["login"]["tokens"]
    api.login(given["email"], "not the password")
    edges = read_page(api, token["accessToken"])["edges"]
    stored = SecurityEvent.objects.order_by("-at", "-id")
    assert [edge["node"] for edge in edges] == [
        {
            "id": str(event.id),
            "type": type_,
            "at": event.at.isoformat(),
            "ipAddress": "127.0.0.1",
            "device": device,
        }
        for event, type_, device in zip(
            stored,
            ["LOGIN_REFUSED", "LOGGED_IN", "REGISTERED"],
            [None, "Firefox, Windows", None],
            strict=True,
        )
    ]


@pytest.mark.parametrize("type_", SecurityEventType)
def test_shows_events_of_every_kind(api: Client, type_: SecurityEventType) -> None:
    token = sign_up(api)
    SecurityEvent.objects.update(set__type=type_)
    (edge,) = read_page(api, token)["edges"]
    assert edge["node"]["type"] == type_.name


@pytest.mark.parametrize("at_once", [False, True])
def test_pages_hold_every_event_once(api: Client, at_once: bool) -> None:
    token = sign_up(api)
    expected = [str(SecurityEvent.objects.get().id), *add_past_events(12, at_once=at_once)]
    found, after = [], None
    for size in (5, 5, 3):
        events = read_page(api, token, first=5, after=after)
        found += [edge["node"]["id"] for edge in events["edges"]]
        assert len(events["edges"]) == size
        assert events["pageInfo"] == {
            "hasNextPage": size == 5,
            "hasPreviousPage": after is not None,
            "startCursor": events["edges"][0]["cursor"],
            "endCursor": events["edges"][-1]["cursor"],
        }
        after = events["pageInfo"]["endCursor"]
    assert found == expected


def test_a_page_has_20_events_by_default_and_at_most_100(api: Client) -> None:
    token = sign_up(api)
    add_past_events(110)
    assert len(read_page(api, token)["edges"]) == 20
    assert len(read_page(api, token, first=100)["edges"]) == 100


@pytest.mark.parametrize("first", [0, -1, 101])
def test_refuses_an_invalid_page_size(api: Client, first: int) -> None:
    answer = api.send(EVENTS, {"first": first}, token=sign_up(api))
    assert answer.data == {"me": {"securityEvents": None}}
    assert answer.reason == "INVALID_DATA"
    assert answer.fields == {"first": "INVALID_DATA"}


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "=" * 40, "Y" * 5000, "00" * 22])
def test_refuses_a_foreign_cursor(api: Client, cursor: str) -> None:
    answer = api.send(EVENTS, {"after": cursor}, token=sign_up(api))
    assert answer.reason == "INVALID_DATA"
    assert answer.fields == {"after": "INVALID_DATA"}


def test_a_cursor_is_valid_for_one_list_only(api: Client) -> None:
    token = sign_up(api)
    User.objects.update(set__roles=["ADMIN"])
    of_event = read_page(api, token)["pageInfo"]["endCursor"]
    of_user = api.send(USERS, token=token).data["users"]["edges"][0]["cursor"]
    for operation, cursor in ((EVENTS, of_user), (USERS, of_event)):
        answer = api.send(operation, {"after": cursor}, token=token)
        assert answer.reason == "INVALID_DATA"
        assert answer.fields == {"after": "INVALID_DATA"}


def test_an_account_has_no_other_accounts_events(api: Client) -> None:
    token = sign_up(api)
    own = read_page(api, token)["edges"]
    sign_up(api)
    later = now() + timedelta(days=1)
    SecurityEvent(
        user_id=ObjectId(), type=SecurityEventType.DEACTIVATED, at=now(), expires_at=later
    ).save()
    assert read_page(api, token)["edges"] == own
    assert len(own) == 1


def test_an_administrator_reads_everyones_events(api: Client) -> None:
    sign_up(api)
    admin = sign_up(api, email="admin@example.com")
    User.objects(email="admin@example.com").update(set__roles=["ADMIN"])
    answer = api.send(USERS, token=admin)
    assert answer.errors == []
    told = [edge["node"]["securityEvents"]["edges"] for edge in answer.data["users"]["edges"]]
    assert told == [[{"node": {"type": "REGISTERED"}}]] * 2


def test_takes_one_read_besides_that_of_the_caller(api: Client, commands: list[str]) -> None:
    token = sign_up(api)
    commands.clear()
    read_page(api, token)
    assert commands == ["find", "find"]


def test_needs_a_signed_in_caller(api: Client) -> None:
    sign_up(api)
    answer = api.send(EVENTS)
    assert answer.data == {"me": None}
    assert answer.reason == "TOKEN_MISSING"


def test_a_refused_login_without_account_stores_neither_address_nor_user_agent(
    api: Client,
) -> None:
    api.login("ninguem@example.com", PASSWORD, headers={"User-Agent": FIREFOX})
    (stored,) = SecurityEvent._get_collection().find()
    assert stored["type"] == "LOGIN_REFUSED"
    assert stored.keys() == {"_id", "type", "at", "expires_at"}
