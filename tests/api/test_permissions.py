"""Permissions: what each role may read and change of other accounts."""

import pytest

from app.models.user import User
from app.permissions import ROLES, Permission, Role, permissions_of
from tests.client import Answer, Client
from tests.factories import person

OWNER = {
    "email": "ana@example.com",
    "fullName": "Ana Lima",
    "cpfCnpj": "52998224725",
    "dateOfBirth": "1990-02-28",
}
SENSITIVE = ("cpfCnpj", "dateOfBirth", "address")
FIELDS = """
  id email fullName cpfCnpj dateOfBirth address { city } roles permissions
  sessions { current } securityEvents { edges { node { type } } }
"""
ONE = f"query($id: ID!) {{ user(id: $id) {{ {FIELDS} }} }}"
ALL = (
    f"{{ users(orderBy: {{field: EMAIL, direction: ASC}}) {{ edges {{ node {{ {FIELDS} }} }} }} }}"
)
SET_ACTIVE = """
mutation($input: SetUserActiveInput!) {
  setUserActive(input: $input) { user { id active cpfCnpj fullName } }
}
"""
SET_ROLES = """
mutation($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { roles } } }
"""
DELETE = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) { deletedId } }"
CHANGES = {SET_ACTIVE: {"active": False}, SET_ROLES: {"roles": ["USER"]}, DELETE: {}}


@pytest.fixture
def custom_role(monkeypatch: pytest.MonkeyPatch) -> str:
    """A role that may change and delete accounts and grant roles, but reads nothing sensitive."""
    writes = {
        *(Permission.USERS_READ, Permission.USERS_WRITE),
        *(Permission.USERS_DELETE, Permission.ROLES_WRITE),
    }
    monkeypatch.setitem(ROLES, "CLERK", Role("CLERK", "A clerk.", frozenset(writes)))
    return "CLERK"


def register(api: Client, *roles: str, **given: str) -> tuple[str, str]:
    """The id and the access token of a new account with these roles."""
    made = api.register(person(**given)).data["register"]
    User._get_collection().update_one(
        {"email": made["user"]["email"]}, {"$set": {"roles": ["USER", *roles]}}
    )
    return made["user"]["id"], made["tokens"]["accessToken"]


def denied_fields(answer: Answer, depth: int) -> set[str]:
    """The names of the fields that were refused, at this place of their paths."""
    assert {error["extensions"]["reason"] for error in answer.errors} <= {"PERMISSION_DENIED"}
    return {error["path"][depth] for error in answer.errors}


def test_support_reads_accounts_sessions_and_events_but_nothing_sensitive(api: Client) -> None:
    owner, _ = register(api, **OWNER)
    _, token = register(api, "SUPPORT")
    answer = api.send(ONE, {"id": owner}, token=token)
    assert denied_fields(answer, 1) == set(SENSITIVE)
    assert answer.data["user"] == {
        "id": owner,
        "email": "ana@example.com",
        "fullName": "Ana Lima",
        **dict.fromkeys(SENSITIVE),
        "roles": ["USER"],
        "permissions": [],
        "sessions": [{"current": False}],
        "securityEvents": {"edges": [{"node": {"type": "REGISTERED"}}]},
    }


def test_a_page_hides_sensitive_fields_of_others_and_shows_ones_own(api: Client) -> None:
    register(api, **OWNER)
    _, token = register(api, "SUPPORT", email="sup@example.com", cpfCnpj="11144477735")
    answer = api.send(ALL, token=token)
    ana, support = (edge["node"] for edge in answer.data["users"]["edges"])
    assert [error["path"][2] for error in answer.errors] == [0, 0, 0]
    assert (ana["cpfCnpj"], support["cpfCnpj"]) == (None, "11144477735")
    assert (ana["fullName"], support["permissions"]) == (
        "Ana Lima",
        ["USERS_READ", "SESSIONS_READ", "SECURITY_EVENTS_READ"],
    )


def test_an_administrator_reads_everything_and_has_every_permission(api: Client) -> None:
    owner, _ = register(api, **OWNER)
    _, token = register(api, "ADMIN")
    answer = api.send(ONE, {"id": owner}, token=token)
    assert answer.errors == []
    assert answer.data["user"]["cpfCnpj"] == OWNER["cpfCnpj"]
    me = api.send("{ me { permissions } }", token=token).data["me"]
    assert me["permissions"] == list(Permission.__members__)


def test_everybody_reads_all_of_their_own_account(api: Client) -> None:
    _, token = register(api, **OWNER)
    answer = api.send(f"{{ me {{ {FIELDS} }} }}", token=token)
    assert answer.errors == []
    assert answer.data["me"]["dateOfBirth"] == OWNER["dateOfBirth"]


def test_a_mutation_payload_reveals_no_sensitive_field(api: Client, custom_role: str) -> None:
    owner, _ = register(api, **OWNER)
    _, token = register(api, custom_role)
    answer = api.send(SET_ACTIVE, {"input": {"userId": owner, "active": False}}, token=token)
    assert denied_fields(answer, 2) == {"cpfCnpj"}
    user = answer.data["setUserActive"]["user"]
    assert user == {"id": owner, "active": False, "cpfCnpj": None, "fullName": "Ana Lima"}


@pytest.mark.parametrize("document", CHANGES)
def test_nobody_changes_an_account_with_permissions_they_lack(
    api: Client, custom_role: str, document: str
) -> None:
    register(api, "ADMIN")  # so that no refusal has the reason LAST_ADMIN
    admin, _ = register(api, "ADMIN", email="chief@example.com")
    _, token = register(api, custom_role)
    before = User.objects.get(id=admin).to_mongo()
    answer = api.send(document, {"input": {"userId": admin, **CHANGES[document]}}, token=token)
    assert answer.reason == "PERMISSION_DENIED"
    assert User.objects.get(id=admin).to_mongo() == before


def test_nobody_grants_a_role_with_permissions_they_lack(api: Client, custom_role: str) -> None:
    owner, _ = register(api, **OWNER)
    clerk, token = register(api, custom_role)
    for target in (owner, clerk):
        for role in ("ADMIN", "SUPPORT"):
            given = {"userId": target, "roles": [role]}
            assert api.send(SET_ROLES, {"input": given}, token=token).reason == "PERMISSION_DENIED"
    assert User.objects.get(id=owner).roles == ["USER"]


@pytest.mark.parametrize("document", CHANGES)
def test_a_permission_is_enough_for_an_account_with_fewer_permissions(
    api: Client, custom_role: str, document: str
) -> None:
    owner, _ = register(api, **OWNER)
    _, token = register(api, custom_role)
    answer = api.send(document, {"input": {"userId": owner, **CHANGES[document]}}, token=token)
    assert {error["path"][-1] for error in answer.errors} <= {"cpfCnpj"}


def test_a_role_that_no_longer_exists_allows_nothing() -> None:
    assert permissions_of(["USER", "KING"]) == frozenset()


def test_support_has_the_permissions_that_end_in_read() -> None:
    reads = {one for name, one in Permission.__members__.items() if name.endswith("_READ")}
    assert permissions_of(["SUPPORT"]) == reads
