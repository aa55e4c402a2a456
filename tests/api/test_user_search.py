"""users(filter: {search}): search by the start of the address or of a word, with an index."""

from itertools import product

import pytest
from flask import Flask

from app.models.connection import client
from app.models.search_terms import search_terms
from app.models.user import User
from tests.api.test_races import run_at_once
from tests.client import Client, Socket
from tests.commands import COMMANDS
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter
from tests.servers import Server

SEARCH = """
query Search($filter: UserFilter, $orderBy: UserOrder, $after: String) {
  users(first: 100, filter: $filter, orderBy: $orderBy, after: $after) {
    totalCount edges { cursor node { fullName } }
  }
}
"""
NAMES = (
    "João Pereira",
    "Maria Jô",
    "MARIA DA CONCEIÇÃO",
    "Ana-Lia d'Ávila",
    "José María Aznar",
    "Ольга Ёлкина",
    "山田 太郎",
    "Ｊｏｎａｓ Straße",
    "Conceicaoana Souza",
)
PATHS = {"CREATED_AT": "created_at", "EMAIL": "email", "FULL_NAME": "name_key"}
CONDITIONS = (
    {},
    {"active": True},
    {"emailVerified": False},
    {"role": "USER"},
    {"createdAfter": "2020-01-01T00:00:00Z", "createdBefore": "2120-01-01T00:00:00Z"},
    {"search": "jo"},
    {"search": "joao.silva maria"},
    {"search": "maria", "active": True, "role": "USER", "createdAfter": "2020-01-01T00:00:00Z"},
)


@pytest.fixture
def admin(api: Client) -> str:
    """The access token of an administrator, whom no search of these tests finds."""
    given = person(email="root@example.com", fullName="Root")
    token = api.register(given).data["register"]["tokens"]["accessToken"]
    User.objects.update(set__roles=["USER", "ADMIN"])
    return token


@pytest.fixture
def names() -> None:
    """Create one account for each name; addresses begin with its number, except one."""
    for number, name in enumerate(NAMES):
        email = "joao.silva@example.org" if number == 8 else f"{number}x@example.com"
        User(email=email, full_name=name, password_hash="x").add()


def find_names(api: Client, token: str, term: str) -> list[str]:
    """Return the names that a search finds, in the order of NAMES; check that counting agrees."""
    answer = api.send(SEARCH, {"filter": {"search": term}}, token=token)
    assert answer.errors == []
    rows = [edge["node"]["fullName"] for edge in answer.data["users"]["edges"]]
    assert answer.data["users"]["totalCount"] == len(rows)
    return sorted(rows, key=NAMES.index)


@pytest.mark.parametrize(
    ("term", "numbers"),
    [
        ("jo", [0, 1, 4, 7, 8]),
        ("JÔ", [0, 1, 4, 7, 8]),
        ("joão", [0, 8]),
        ("oao", []),
        ("mari", [1, 2, 4]),
        ("maria", [1, 2, 4]),
        ("conceicao", [2, 8]),
        ("CONCEIÇÃO", [2, 8]),
        ("conceicaoa", [8]),
        ("conceiçãob", []),
        ("maria jo", [1, 4]),
        ("jo  maria", [1, 4]),
        ("maria conceicao", [2]),
        ("jo jo", [0, 1, 4, 7, 8]),
        ("lia", [3]),
        ("ana-l", [3]),
        ("ana-lia", [3]),
        ("d'a", [3]),
        ("d’a", []),
        ("avila", [3]),
        ("ель", []),
        ("елкина", [5]),
        ("оль", [5]),
        ("山", [6]),
        ("太郎", [6]),
        ("jonas", [7]),
        ("STRASSE", [7]),
        ("4x", [4]),
        ("4X@Example.com", [4]),
        ("x@example", []),
        ("joao.silva@example.org", [8]),
        ("joao.silva@example.com", []),
        ("joao.silva@ souza", [8]),
        (".*", []),
        ("mar.a", []),
        ("joao.silvax", []),
        ("joaoxsilva@", []),
        ("conceic.oana", []),
        ("^jo", []),
        ("(((((((", []),
        ("$ne", []),
    ],
)
def test_finds_accounts_by_the_start_of_the_address_or_of_a_word(
    api: Client, admin: str, names: None, term: str, numbers: list[int]
) -> None:
    assert find_names(api, admin, term) == [NAMES[number] for number in numbers]


@pytest.mark.parametrize("term", ["", "   ", None])
def test_a_blank_search_is_ignored(api: Client, admin: str, names: None, term: str) -> None:
    answer = api.send(SEARCH, {"filter": {"search": term}}, token=admin)
    assert answer.data["users"]["totalCount"] == len(NAMES) + 1


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("a" * 101, "TOO_LONG"),
        ("a" * 5000, "TOO_LONG"),
        ("a\x00", "INVALID_DATA"),
        ("\u0301", "INVALID_DATA"),
    ],
)
def test_refuses_an_invalid_search(api: Client, admin: str, term: str, reason: str) -> None:
    answer = api.send(SEARCH, {"filter": {"search": term}}, token=admin)
    assert answer.data == {"users": None}
    (fault,) = answer.error["extensions"]["fields"]
    assert (fault["path"], fault["reason"]) == (["filter", "search"], reason)


def test_a_search_may_have_a_hundred_characters(api: Client, admin: str) -> None:
    longest = "é" * 100
    User(email="e@example.com", full_name=longest, password_hash="x").add()
    answer = api.send(SEARCH, {"filter": {"search": longest}}, token=admin)
    assert [e["node"]["fullName"] for e in answer.data["users"]["edges"]] == [longest]
    words = " ".join("abcdefghijklmnopqrstuvwxyz" * 2)[:100]
    answer = api.send(SEARCH, {"filter": {"search": words}}, token=admin)
    assert answer.data["users"] == {"totalCount": 0, "edges": []}


@pytest.mark.parametrize("conditions", CONDITIONS)
@pytest.mark.parametrize(("field", "direction"), list(product(PATHS, ("ASC", "DESC"))))
def test_an_index_gives_the_order_of_every_sort_and_filter(
    api: Client, admin: str, names: None, conditions: dict, field: str, direction: str
) -> None:
    """Check that the database never has to sort a page.

    The embedded server explains which index a hint selects, but never uses an index of arrays for a
    sort. The test therefore applies MongoDB's rule: after the fields that are compared with one
    value, the index must have the fields of the sort, in their order, all in one direction.
    """
    asked = {"filter": conditions, "orderBy": {"field": field, "direction": direction}}
    first = api.send(SEARCH, asked, token=admin).data["users"]["edges"]
    COMMANDS.sent.clear()
    api.send(SEARCH, {**asked, "after": first[0]["cursor"] if first else None}, token=admin)

    (sent,) = [sent for sent in COMMANDS.sent if sent.get("find") == "users" and "sort" in sent]
    plan = explain_find(sent)
    keys = list(plan["keyPattern"])
    sort = [PATHS[field], "_id"]
    assert plan["stage"] == "IXSCAN"
    assert list(sent["sort"].items()) == [(key, 1 if direction == "ASC" else -1) for key in sort]
    assert set(plan["keyPattern"].values()) == {1}
    assert keys[-2:] == sort
    assert keys[:-2] == (["search.keys"] if "search" in conditions else [])
    for key in keys[:-2]:
        looked_for = sent["filter"][key]
        values = looked_for["$all"] if isinstance(looked_for, dict) else [looked_for]
        assert all(type(value) is str for value in values)


def explain_find(sent: dict) -> dict:
    """Return the scan that the database would make for a find."""
    parts = ("find", "filter", "sort", "limit", "hint", "projection")
    command = {name: sent[name] for name in parts if name in sent}
    database = client().get_default_database("accounts")
    answer = database.command("explain", command, verbosity="queryPlanner")
    stage = answer["queryPlanner"]["winningPlan"]
    while "inputStage" in stage:
        stage = stage["inputStage"]
    return stage


def load_search_fields(email: str) -> dict:
    return User._get_collection().find_one({"email": email}, {"name_key": 1, "search": 1, "_id": 0})


def test_every_write_updates_the_search_terms(api: Client, app: Flask) -> None:
    given = person(fullName="Érica Lima", email="erica@example.com")
    token = api.register(given).data["register"]["tokens"]["accessToken"]
    assert load_search_fields("erica@example.com") == search_terms(
        email=given["email"], full_name="Érica Lima"
    )

    api.send('mutation { updateProfile(input: {locale: "en"}) { user { id } } }', token=token)
    assert load_search_fields("erica@example.com") == search_terms(
        email=given["email"], full_name="Érica Lima"
    )

    rename = 'mutation { updateProfile(input: {fullName: "Bia Sá"}) { user { id } } }'
    assert api.send(rename, token=token).errors == []
    assert load_search_fields("erica@example.com") == search_terms(
        email=given["email"], full_name="Bia Sá"
    )

    move = """mutation($input: RequestEmailChangeInput!) {
      requestEmailChange(input: $input) { accepted }
    }"""
    wish = {"newEmail": "bia@example.com", "password": PASSWORD}
    assert api.send(move, {"input": wish}, token=token).errors == []
    confirm = "mutation($t: String!) { confirmEmailChange(input: {token: $t}) { user { id } } }"
    assert api.send(confirm, {"t": deliver_letter("CHANGE_EMAIL").token}).errors == []
    assert load_search_fields("bia@example.com") == search_terms(
        email="bia@example.com", full_name="Bia Sá"
    )


def test_concurrent_changes_of_name_and_address_are_both_found(
    api: Client, live_server: Server
) -> None:
    there = Client(Socket(live_server.url))
    move = "mutation($i: RequestEmailChangeInput!) { requestEmailChange(input: $i) { accepted } }"
    confirm = "mutation($t: String!) { confirmEmailChange(input: {token: $t}) { user { id } } }"
    rename = "mutation($n: String!) { updateProfile(input: {fullName: $n}) { user { id } } }"
    for number in range(8):
        token = api.register(person(fullName="Ana")).data["register"]["tokens"]["accessToken"]
        email, name = f"nova{number}@example.com", f"Bia {number}"
        api.send(move, {"i": {"newEmail": email, "password": PASSWORD}}, token=token)
        link = deliver_letter("CHANGE_EMAIL").token
        answers = run_at_once(
            2,
            lambda n, link=link, name=name, token=token: (
                there.send(rename, {"n": name}, token=token)
                if n
                else there.send(confirm, {"t": link})
            ),
        )
        assert [answer.errors for answer in answers] == [[], []]
        assert load_search_fields(email) == search_terms(email=email, full_name=name)
