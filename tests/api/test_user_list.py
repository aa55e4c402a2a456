"""users: the accounts, for administrators, page by page in both directions."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from bson import ObjectId

from app.clock import now
from app.models.user import User
from tests.client import Client
from tests.commands import COMMANDS
from tests.factories import person

PAGE = """
query Page(
  $first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder
) {
  users(
    first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy
  ) {
    edges { cursor node { email roles } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ORDERS = list(product(("CREATED_AT", "EMAIL", "FULL_NAME"), ("ASC", "DESC")))
FIELD = {"CREATED_AT": "created_at", "EMAIL": "email", "FULL_NAME": "name_key"}
DEFAULT = {"orderBy": {"field": "CREATED_AT", "direction": "DESC"}}


@pytest.fixture
def admin(api: Client) -> str:
    """The access token of an administrator, whose account is the newest."""
    token = api.register(person(email="admin@example.com")).data["register"]["tokens"]
    User.objects(email="admin@example.com").update(set__roles=["USER", "ADMIN"])
    return token["accessToken"]


def create_user(number: int, **changes: object) -> User:
    """Create one account of an earlier day; every third shares its name and time with others."""
    user = User(
        **{
            "email": f"p{number * 7 % 100:02}@example.com",
            "full_name": ("Ítalo", "Ana", "bia")[number % 3],
            "password_hash": "x",
            "created_at": now() - timedelta(days=1, minutes=number // 3),
            **changes,
        }
    )
    user.add()
    return user


def list_emails_in_order(field: str = "CREATED_AT", direction: str = "DESC") -> list[str]:
    """Return the addresses of all accounts in the order that the list should have."""
    users = sorted(User.objects, key=lambda user: (getattr(user, FIELD[field]), user.id))
    return [user.email for user in (users if direction == "ASC" else users[::-1])]


def read_page(api: Client, token: str, **asked: object) -> dict:
    answer = api.send(PAGE, asked, token=token)
    assert answer.errors == []
    return answer.data["users"]


def read_emails(users: dict) -> list[str]:
    return [edge["node"]["email"] for edge in users["edges"]]


def read_all_pages(
    api: Client, token: str, size: int, *, back: bool = False, **asked: object
) -> list:
    """Return the addresses of every page, following the cursors from one end to the other."""
    number, beside, end, more = (
        ("last", "before", "startCursor", "hasPreviousPage")
        if back
        else ("first", "after", "endCursor", "hasNextPage")
    )
    found, cursor = [], None
    while True:
        users = read_page(api, token, **{number: size, beside: cursor, **asked})
        found.append(read_emails(users))
        other = {"hasNextPage", "hasPreviousPage"} - {more}
        assert users["pageInfo"][other.pop()] is (cursor is not None)
        if not users["pageInfo"][more]:
            return found
        cursor = users["pageInfo"][end]
        assert cursor == users["edges"][0 if back else -1]["cursor"]


def test_only_administrators_have_access(api: Client, admin: str) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    answer = api.send(PAGE, token=token)
    assert answer.data == {"users": None}
    assert (answer.code, answer.reason) == ("FORBIDDEN", "PERMISSION_DENIED")
    assert api.send(PAGE).reason == "TOKEN_MISSING"
    assert api.send(PAGE, token=admin).errors == []


@pytest.mark.parametrize(("field", "direction"), ORDERS)
@pytest.mark.parametrize("back", [False, True])
def test_pages_list_every_account_once_in_every_order(
    api: Client, admin: str, field: str, direction: str, back: bool
) -> None:
    for number in range(13):
        create_user(number)
    order = {"field": field, "direction": direction}
    found = read_all_pages(api, admin, 5, back=back, orderBy=order)
    assert [len(rows) for rows in found] == [5, 5, 4]
    pages = found[::-1] if back else found
    assert [email for rows in pages for email in rows] == list_emails_in_order(field, direction)


def test_names_are_ordered_without_case_and_accents(api: Client, admin: str) -> None:
    for number, name in enumerate(["zoe", "Érica", "eduardo", "Ana", "ÉRICA B", "Zoé A"]):
        create_user(number, full_name=name, email=f"{number}@example.com")
    order = {"field": "FULL_NAME", "direction": "ASC"}
    found = [email.partition("@")[0] for email in read_emails(read_page(api, admin, orderBy=order))]
    assert found == ["3", "2", "1", "4", "admin", "0", "5"]  # the administrator is a Pessoa


def test_the_newest_come_first_by_default(api: Client, admin: str) -> None:
    for number in range(24):
        create_user(number)
    users = read_page(api, admin)
    assert read_emails(users) == list_emails_in_order()[:20]
    assert users["pageInfo"]["startCursor"] == users["edges"][0]["cursor"]
    last = read_page(api, admin, last=1)["pageInfo"]["endCursor"]
    assert read_emails(read_page(api, admin, before=last)) == list_emails_in_order()[4:24]
    literal = api.send(
        "{ users(orderBy: null, first: 1) { edges { node { email } } } }", token=admin
    )
    assert read_emails(literal.data["users"]) == ["admin@example.com"]


@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("name", ["first", "last"])
def test_refuses_an_invalid_page_size(api: Client, admin: str, name: str, size: int) -> None:
    answer = api.send(
        "query($n: Int) { users(%s: $n) { pageInfo { endCursor } } }" % name,  # noqa: UP031
        {"n": size},
        token=admin,
    )
    reason = "OPERATION_TOO_COMPLEX" if size > 5000 else "INVALID_DATA"
    assert answer.reason == reason
    if reason == "INVALID_DATA":
        assert answer.fields == {name: "INVALID_DATA"}
        assert answer.error["extensions"]["fields"][0]["path"] == [name]


@pytest.mark.parametrize(
    "names", [("first", "last"), ("first", "before"), ("last", "after"), ("after", "before")]
)
def test_refuses_both_directions_at_once(api: Client, admin: str, names: tuple) -> None:
    cursor = read_page(api, admin)["pageInfo"]["endCursor"]
    asked = {name: 1 if name in ("first", "last") else cursor for name in names}
    answer = api.send(PAGE, asked, token=admin)
    assert answer.data == {"users": None}
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert answer.fields == dict.fromkeys(names, "INVALID_DATA")


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "YzEAAAAAAAAAAAAA", "0" * 56, "Y" * 5000])
def test_refuses_a_foreign_cursor(api: Client, admin: str, name: str, cursor: str) -> None:
    for field in FIELD:
        order = {"field": field, "direction": "ASC"}
        answer = api.send(PAGE, {name: cursor, "orderBy": order}, token=admin)
        assert answer.reason == "INVALID_DATA"
        assert answer.fields == {name: "INVALID_DATA"}


@pytest.mark.parametrize("field", FIELD)
def test_refuses_an_altered_cursor(api: Client, admin: str, field: str) -> None:
    order = {"field": field, "direction": "ASC"}
    cursor = read_page(api, admin, orderBy=order)["pageInfo"]["endCursor"]
    for place in range(len(cursor)):
        other = "0" if cursor[place] != "0" else "1"
        altered = cursor[:place] + other + cursor[place + 1 :]
        answer = api.send(PAGE, {"after": altered, "orderBy": order}, token=admin)
        assert answer.fields == {"after": "INVALID_DATA"}, place
    assert api.send(PAGE, {"after": cursor.upper(), "orderBy": order}, token=admin).errors


@pytest.mark.parametrize(
    "other",
    [
        {"orderBy": {"field": "CREATED_AT", "direction": "ASC"}},
        {"orderBy": {"field": "EMAIL", "direction": "DESC"}},
        {"filter": {"active": True}},
        {"filter": {"search": "a"}},
        {"filter": {"role": "USER"}},
        {"filter": {"createdAfter": "2020-01-01T00:00:00Z"}},
    ],
)
def test_a_cursor_belongs_to_its_order_and_filter(api: Client, admin: str, other: dict) -> None:
    theirs = read_page(api, admin, **other)["pageInfo"]["endCursor"]
    own = read_page(api, admin)["pageInfo"]["endCursor"]
    assert api.send(PAGE, {"after": theirs}, token=admin).fields == {"after": "INVALID_DATA"}
    refused = api.send(PAGE, {"before": own, **other}, token=admin)
    assert refused.fields == {"before": "INVALID_DATA"}
    assert read_page(api, admin, after=theirs, **other)["edges"] == []
    # equal filters are the same list
    same = {"filter": {"active": None, "search": " "}, **DEFAULT}
    assert read_page(api, admin, after=own, **same)["edges"] == []


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("field", "direction"), ORDERS)
def test_concurrent_inserts_and_deletes_neither_repeat_nor_skip_rows(
    api: Client, admin: str, field: str, direction: str, back: bool
) -> None:
    for number in range(12):
        create_user(number)
    order = {"field": field, "direction": direction}
    there = list_emails_in_order(field, direction)
    there = there[::-1] if back else there
    number, beside, end = (
        ("last", "before", "startCursor")
        if back
        else (
            "first",
            "after",
            "endCursor",
        )
    )
    found, cursor, gone = [], None, set()
    for step in range(20):
        users = read_page(api, admin, **{number: 2, beside: cursor, "orderBy": order})
        rows = read_emails(users)[::-1] if back else read_emails(users)
        found += rows
        if not rows:
            break
        cursor = users["pageInfo"][end]
        if step < 3:  # delete the row of the cursor and one ahead, and insert some
            gone |= {rows[-1], there[len(there) - 1 - step]} - {"admin@example.com"}
            User.objects(email__in=[*gone]).delete()
            create_user(step, email=f"new{step}@example.com")
            create_user(step + 1, email=f"a{step}@example.com", full_name="zz" if step else "A")
    stayed = [email for email in there if email not in gone]
    assert [email for email in found if email in stayed] == stayed
    assert len(found) == len(set(found))


def test_the_page_after_the_last_row_is_empty(api: Client, admin: str) -> None:
    last = read_page(api, admin)["pageInfo"]["endCursor"]
    assert read_page(api, admin, after=last) == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": True,
            "startCursor": None,
            "endCursor": None,
        },
    }


def test_counts_only_when_selected_and_with_the_same_filter(
    api: Client, admin: str, commands: list[str]
) -> None:
    for number in range(3):
        create_user(number, active=number > 0)
    commands.clear()
    read_page(api, admin, filter={"active": True, "search": "p"}, orderBy=DEFAULT["orderBy"])
    assert commands == ["find", "find"]  # the caller, and the page
    commands.clear()
    answer = api.send("{ users(first: 1) { totalCount } }", token=admin)
    assert answer.data == {"users": {"totalCount": 4}}
    assert commands == ["find", "find", "aggregate"]
    filtered = '{ users(filter: {active: true, search: "p"}) { totalCount } }'
    assert api.send(filtered, token=admin).data == {"users": {"totalCount": 3}}


def test_a_page_of_users_reads_their_sessions_with_one_query(
    api: Client, admin: str, commands: list[str]
) -> None:
    for _ in range(4):
        given = person()
        api.register(given)
        api.login(given["email"], given["password"])
    create_user(1)  # has no sessions
    User.objects(email="p07@example.com").update(unset__session_ids=True)
    commands.clear()
    answer = api.send("{ users { edges { node { email sessions { id } } } } }", token=admin)
    found = {e["node"]["email"]: len(e["node"]["sessions"]) for e in answer.data["users"]["edges"]}
    assert sorted(found.values()) == [0, 1, 2, 2, 2, 2]
    assert commands == ["find", "find", "find"]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"active": False}, ["b"]),
        ({"active": True}, ["admin", "c", "a"]),
        ({"emailVerified": True}, ["c"]),
        ({"emailVerified": False}, ["admin", "b", "a"]),
        ({"role": "ADMIN"}, ["admin", "a"]),
        ({"role": "USER"}, ["admin", "c", "b", "a"]),
        ({"role": "ADMIN", "active": True, "emailVerified": False}, ["admin", "a"]),
        ({"active": False, "role": "ADMIN"}, []),
        ({"createdAfter": "2020-01-02T00:00:00Z"}, ["admin", "c"]),
        ({"createdBefore": "2020-01-02T00:00:00Z"}, ["a"]),
        ({"createdAfter": "2020-01-01T21:00:00-03:00"}, ["admin", "c"]),
        ({"createdAfter": "2020-01-01T23:59:59.9999"}, ["admin", "c", "b"]),
        ({"createdBefore": "2020-01-02T00:00:00.0001Z"}, ["b", "a"]),
        (
            {"createdAfter": "2020-01-01T00:00:00Z", "createdBefore": "2020-01-03T00:00:00Z"},
            ["b"],
        ),
        ({"active": None, "search": None, "role": None, "createdAfter": None}, ["admin", *"cba"]),
    ],
)
def test_conditions_are_combined_with_and(
    api: Client, admin: str, filter_: dict, found: list[str]
) -> None:
    create_user(0, email="a@example.com", created_at=datetime(2020, 1, 1), roles=["USER", "ADMIN"])
    create_user(1, email="b@example.com", created_at=datetime(2020, 1, 2), active=False)
    create_user(2, email="c@example.com", created_at=datetime(2020, 1, 3), email_verified=True)
    expected = [f"{name}@example.com" for name in found]
    assert read_emails(read_page(api, admin, filter=filter_)) == expected
    ascending = {"field": "CREATED_AT", "direction": "ASC"}
    rows = read_all_pages(api, admin, 1, filter=filter_, orderBy=ascending)
    assert [email for row in rows for email in row] == expected[::-1]


@pytest.mark.parametrize("name", ["createdAfter", "createdBefore"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "x"])
def test_refuses_an_invalid_time(api: Client, admin: str, name: str, at: str) -> None:
    answer = api.send(PAGE, {"filter": {name: at}}, token=admin)
    assert answer.reason == "INVALID_DATA"
    (fault,) = answer.error["extensions"]["fields"]
    assert (fault["path"], fault["reason"]) == (["filter", name], "INVALID_DATE")


def test_nodes_are_read_with_the_selected_fields_alone(
    api: Client, admin: str, commands: list[str]
) -> None:
    commands.clear()
    COMMANDS.sent.clear()
    api.send("{ users { edges { node { fullName } } } }", token=admin)
    assert set(COMMANDS.sent[-1]["projection"]) == {"_id", "created_at", "full_name"}
    assert ObjectId.is_valid(str(COMMANDS.sent[0]["filter"]["_id"]))
