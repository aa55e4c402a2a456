"""users: everyone's accounts, for administrators, page by page."""

from datetime import timedelta

import pytest

from app.clock import now
from app.models.user import Role, User
from tests.client import Client
from tests.factories import person

PAGE = """
query Page($first: Int, $after: String) {
  users(first: $first, after: $after) {
    edges { cursor node { email roles } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.fixture
def admin(api: Client) -> str:
    """The access token of an administrator."""
    token = api.register(person(email="admin@example.com")).data["register"]["tokens"]
    User.objects(email="admin@example.com").update(set__roles=[Role.USER, Role.ADMIN])
    return token["accessToken"]


def people(count: int, *, at_once: bool = False) -> list[str]:
    """`count` accounts, older than the administrator's; their addresses, the newest first."""
    start = now() - timedelta(days=1)
    made = [
        User(
            email=f"p{number}@example.com",
            full_name="P",
            password_hash="x",
            created_at=start - (timedelta() if at_once else timedelta(milliseconds=number)),
        )
        for number in range(count)
    ]
    for user in made:
        user.add()
    order = sorted(made, key=lambda user: (user.created_at, user.id), reverse=True)
    return [user.email for user in order]


def pages(api: Client, token: str, first: int) -> list[list[str]]:
    """The addresses of every page, following the cursors."""
    found, after = [], None
    while True:
        users = api.send(PAGE, {"first": first, "after": after}, token=token).data["users"]
        found.append([edge["node"]["email"] for edge in users["edges"]])
        assert users["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not users["pageInfo"]["hasNextPage"]:
            return found
        after = users["pageInfo"]["endCursor"]
        assert after == users["edges"][-1]["cursor"]


def test_is_for_administrators(api: Client, admin: str) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    answer = api.send(PAGE, token=token)
    assert answer.data == {"users": None}
    assert (answer.code, answer.reason) == ("FORBIDDEN", "PERMISSION_DENIED")
    assert api.send(PAGE).reason == "TOKEN_MISSING"
    assert api.send(PAGE, token=admin).errors == []


@pytest.mark.parametrize("at_once", [False, True])
def test_pages_hold_everyone_once_the_newest_first(api: Client, admin: str, at_once: bool) -> None:
    expected = ["admin@example.com", *people(23, at_once=at_once)]
    found = pages(api, admin, first=5)
    assert [len(page) for page in found] == [5, 5, 5, 5, 4]
    assert [email for page in found for email in page] == expected


def test_a_page_has_twenty_rows_unless_told(api: Client, admin: str) -> None:
    people(24)
    users = api.send(PAGE, token=admin).data["users"]
    assert len(users["edges"]) == 20
    assert users["pageInfo"]["startCursor"] == users["edges"][0]["cursor"]


@pytest.mark.parametrize("first", [0, -1, 101])
def test_refuses_another_size(api: Client, admin: str, first: int) -> None:
    answer = api.send(PAGE, {"first": first}, token=admin)
    assert answer.reason == "INVALID_DATA"
    assert answer.error["extensions"]["fields"][0]["path"] == ["first"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "YzEAAAAAAAAAAAAA", "=" * 40, "Y" * 5000])
def test_refuses_a_cursor_that_is_none_of_ours(api: Client, admin: str, cursor: str) -> None:
    answer = api.send(PAGE, {"after": cursor}, token=admin)
    assert answer.reason == "INVALID_DATA"
    assert answer.fields == {"after": "INVALID_DATA"}


def test_counts_only_when_asked(api: Client, admin: str, commands: list[str]) -> None:
    people(3)
    commands.clear()
    api.send(PAGE, token=admin)
    assert commands == ["find", "find"]
    commands.clear()
    answer = api.send("{ users(first: 1) { totalCount } }", token=admin)
    assert answer.data == {"users": {"totalCount": 4}}
    assert commands == ["find", "find", "aggregate"]


def test_an_empty_page_behind_the_last_row(api: Client, admin: str) -> None:
    last = api.send(PAGE, token=admin).data["users"]["pageInfo"]["endCursor"]
    users = api.send(PAGE, {"after": last}, token=admin).data["users"]
    assert users == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": True,
            "startCursor": None,
            "endCursor": None,
        },
    }
