"""user, setUserActive, setUserRoles, deleteUser: what an administrator does to one account."""

import pytest
from bson import ObjectId

from app.models.attempt import Attempts
from app.models.indexes import DOCUMENTS
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person

USER = """
query($id: ID!) { user(id: $id) { id email active roles sessions { current device } } }
"""
USER_ONLY = "query($id: ID!) { user(id: $id) { fullName address { city } } }"
SET_ACTIVE = """
mutation($input: SetUserActiveInput!) {
  setUserActive(input: $input) { user { id active sessions { id } } }
}
"""
SET_ROLES = """
mutation($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { id roles } } }
"""
DELETE = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) { deletedId } }"
DEACTIVATE_OWN = """
mutation($input: DeactivateAccountInput!) { deactivateAccount(input: $input) { user { id } } }
"""
DELETE_OWN = "mutation($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedId } }"
NOBODY = ["", "x", "0" * 24, "é" * 12, "a" * 5000, "507f1f77bcf86cd79943901", "abcdefghijkl"]
CHANGES = [
    (SET_ACTIVE, {"active": False}),
    (SET_ACTIVE, {"active": True}),
    (SET_ROLES, {"roles": ["ADMIN"]}),
    (SET_ROLES, {"roles": ["USER"]}),
    (DELETE, {}),
]


def sign_up(api: Client, *roles: str, **changes: object) -> tuple[str, str]:
    """Register an account with these roles; return its id and access token."""
    made = api.register(person(**changes)).data["register"]
    User.objects(id=made["user"]["id"]).update(set__roles=["USER", *roles])
    return made["user"]["id"], made["tokens"]["accessToken"]


@pytest.fixture
def admin(api: Client) -> tuple[str, str]:
    """The id and the access token of the only administrator."""
    return sign_up(api, "ADMIN", email="admin@example.com")


def change(api: Client, token: str, document: str, user_id: str, **given: object):
    return api.send(document, {"input": {"userId": user_id, **given}}, token=token)


def read_stored_data() -> list:
    """Return all stored documents but those of throttling, without the last use of sessions."""
    kept = [document for document in DOCUMENTS if document is not Attempts]
    return [list(document._get_collection().find({}, {"last_used_at": 0})) for document in kept]


def list_event_types(user_id: str) -> list[str]:
    rows = SecurityEvent.objects(user_id=ObjectId(user_id)).order_by("at", "id")
    return [event.type.value for event in rows]


@pytest.mark.parametrize(
    ("document", "given"), [(USER, None), (USER_ONLY, None), *CHANGES], ids=lambda _: ""
)
def test_only_administrators_have_access(
    api: Client, admin: tuple, document: str, given: dict | None
) -> None:
    user_id, token = sign_up(api)
    before = read_stored_data()
    variables = {"id": user_id} if given is None else {"input": {"userId": user_id, **given}}
    assert api.send(document, variables, token=token).reason == "PERMISSION_DENIED"
    assert api.send(document, variables).reason == "TOKEN_MISSING"
    assert read_stored_data() == before


@pytest.mark.parametrize("user_id", NOBODY)
def test_an_unknown_account_is_not_found(api: Client, admin: tuple, user_id: str) -> None:
    before = read_stored_data()
    for document, given in [(USER, None), *CHANGES]:
        variables = {"id": user_id} if given is None else {"input": {"userId": user_id, **given}}
        answer = api.send(document, variables, token=admin[1], language="en")
        assert list(answer.data.values()) == [None]
        assert (answer.code, answer.reason) == ("NOT_FOUND", "DOES_NOT_EXIST")
        assert answer.error["message"] == "This user does not exist."
    assert read_stored_data() == before


def test_one_account_is_shown_with_its_sessions(api: Client, admin: tuple) -> None:
    given = person(email="ana@example.com")
    user_id = api.register(given).data["register"]["user"]["id"]
    api.login(given["email"], PASSWORD)
    answer = api.send(USER, {"id": user_id}, token=admin[1])
    assert answer.data["user"] == {
        "id": user_id,
        "email": "ana@example.com",
        "active": True,
        "roles": ["USER"],
        "sessions": [{"current": False, "device": None}] * 2,
    }
    own = api.send(USER, {"id": admin[0]}, token=admin[1]).data["user"]
    assert (own["roles"], [s["current"] for s in own["sessions"]]) == (["USER", "ADMIN"], [True])


def test_one_account_is_read_once_with_the_selected_fields_alone(
    api: Client, admin: tuple, commands: list[str]
) -> None:
    user_id, _ = sign_up(api, fullName="Ana")
    commands.clear()
    answer = api.send(USER_ONLY, {"id": user_id}, token=admin[1])
    assert answer.data == {"user": {"fullName": "Ana", "address": None}}
    assert commands == ["find", "find"]


def test_deactivation_ends_sessions_at_once_and_activation_allows_login_again(
    api: Client, admin: tuple
) -> None:
    given = person()
    made = api.register(given).data["register"]
    user_id, tokens = made["user"]["id"], made["tokens"]

    closed = change(api, admin[1], SET_ACTIVE, user_id, active=False)

    assert closed.data["setUserActive"]["user"] == {"id": user_id, "active": False, "sessions": []}
    assert api.me(tokens["accessToken"]).reason == "ACCOUNT_INACTIVE"
    assert api.refresh(tokens["refreshToken"]).errors != []
    assert api.login(given["email"], PASSWORD).reason == "INVALID_CREDENTIALS"
    assert Session.objects(user_id=ObjectId(user_id)).count() == 0

    opened = change(api, admin[1], SET_ACTIVE, user_id, active=True)

    assert opened.data["setUserActive"]["user"] == {"id": user_id, "active": True, "sessions": []}
    assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.login(given["email"], PASSWORD).errors == []
    assert list_event_types(user_id) == [
        "REGISTERED",
        "DEACTIVATED",
        "LOGIN_REFUSED",
        "ACTIVATED",
        "LOGGED_IN",
    ]
    by_the_administrator = SecurityEvent.objects(type__in=["DEACTIVATED", "ACTIVATED"])
    assert [event.ip_address for event in by_the_administrator] == [None, None]


@pytest.mark.parametrize("active", [True, False])
def test_setting_the_current_value_changes_nothing(api: Client, admin: tuple, active: bool) -> None:
    user_id, _ = sign_up(api)
    change(api, admin[1], SET_ACTIVE, user_id, active=active)
    change(api, admin[1], SET_ROLES, user_id, roles=["USER"])
    before = read_stored_data()
    again = change(api, admin[1], SET_ACTIVE, user_id, active=active)
    assert again.data["setUserActive"]["user"]["active"] is active
    roles = change(api, admin[1], SET_ROLES, user_id, roles=["USER", "USER"])
    assert roles.data["setUserRoles"]["user"]["roles"] == ["USER"]
    assert read_stored_data() == before


def test_changed_roles_apply_to_existing_tokens_at_the_next_request(
    api: Client, admin: tuple
) -> None:
    user_id, token = sign_up(api)
    assert api.send(USER, {"id": user_id}, token=token).reason == "PERMISSION_DENIED"
    made = change(api, admin[1], SET_ROLES, user_id, roles=["ADMIN", "ADMIN"])
    assert made.data["setUserRoles"]["user"] == {"id": user_id, "roles": ["USER", "ADMIN"]}
    assert api.send(USER, {"id": user_id}, token=token).errors == []

    lost = change(api, token, SET_ROLES, admin[0], roles=["USER"])
    assert lost.data["setUserRoles"]["user"] == {"id": admin[0], "roles": ["USER"]}
    assert api.send(USER, {"id": user_id}, token=admin[1]).reason == "PERMISSION_DENIED"
    assert api.me(admin[1]).errors == []
    assert list_event_types(user_id) == ["REGISTERED", "ROLES_CHANGED"]
    assert list_event_types(admin[0]) == ["REGISTERED", "ROLES_CHANGED"]


def test_an_empty_list_of_roles_is_refused(api: Client, admin: tuple) -> None:
    before = read_stored_data()
    answer = change(api, admin[1], SET_ROLES, admin[0], roles=[])
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert answer.fields == {"roles": "INVALID_DATA"}
    assert answer.error["extensions"]["fields"][0]["path"] == ["input", "roles"]
    assert read_stored_data() == before


def test_deletion_removes_all_data_of_the_person(api: Client, admin: tuple) -> None:
    given = person(fullName="Ana", email="ana@example.com", cpfCnpj="52998224725")
    made = api.register(given).data["register"]
    user_id, token = made["user"]["id"], made["tokens"]["accessToken"]
    change(api, admin[1], SET_ACTIVE, user_id, active=False)

    answer = change(api, admin[1], DELETE, user_id)

    assert answer.data == {"deleteUser": {"deletedId": user_id}}
    assert user_id not in str(read_stored_data())
    assert "ana@example.com" not in str(read_stored_data())
    assert api.me(token).reason == "TOKEN_REVOKED"
    assert change(api, admin[1], DELETE, user_id).reason == "DOES_NOT_EXIST"
    assert SecurityEvent.objects(user_id=None, ip_address=None).count() == 2
    assert api.register(given).errors == []


def list_losses(api: Client, user_id: str, token: str) -> list:
    """Return every way to lose this administrator, each as a function that tries it."""
    own = {"input": {"password": PASSWORD}}
    return [
        lambda: change(api, token, SET_ACTIVE, user_id, active=False),
        lambda: change(api, token, SET_ROLES, user_id, roles=["USER"]),
        lambda: change(api, token, DELETE, user_id),
        lambda: api.send(DEACTIVATE_OWN, own, token=token),
        lambda: api.send(DELETE_OWN, own, token=token),
    ]


@pytest.mark.parametrize("way", range(5))
def test_the_last_active_administrator_cannot_be_removed(
    api: Client, admin: tuple, way: int
) -> None:
    sign_up(api)  # an account without the role is no administrator
    closed, _ = sign_up(api, "ADMIN")  # nor is an account that cannot sign in
    change(api, admin[1], SET_ACTIVE, closed, active=False)
    before = read_stored_data()

    answer = list_losses(api, *admin)[way]()

    assert list(answer.data.values()) == [None]
    assert (answer.code, answer.reason) == ("CONFLICT", "LAST_ADMIN")
    assert read_stored_data() == before
    assert api.send(USER, {"id": admin[0]}, token=admin[1]).errors == []


@pytest.mark.parametrize("way", range(5))
def test_one_of_two_administrators_can_be_removed(api: Client, admin: tuple, way: int) -> None:
    other = sign_up(api, "ADMIN")
    assert list_losses(api, *admin)[way]().errors == []
    assert api.send(USER, {"id": other[0]}, token=other[1]).errors == []
    assert list_losses(api, *other)[way]().reason == "LAST_ADMIN"


@pytest.mark.parametrize("document", [DEACTIVATE_OWN, DELETE_OWN])
def test_other_accounts_can_leave_when_there_is_no_administrator(
    api: Client, document: str
) -> None:
    _, token = sign_up(api)
    assert api.send(document, {"input": {"password": PASSWORD}}, token=token).errors == []


def test_a_role_removed_by_one_mutation_is_missing_in_the_next(api: Client, admin: tuple) -> None:
    sign_up(api, "ADMIN")
    both = """mutation($a: SetUserRolesInput!) {
      first: setUserRoles(input: $a) { user { roles } }
      second: setUserRoles(input: $a) { user { roles } }
    }"""
    given = {"a": {"userId": admin[0], "roles": ["USER"]}}
    answer = api.send(both, given, token=admin[1])
    assert answer.data == {"first": {"user": {"roles": ["USER"]}}, "second": None}
    assert answer.reason == "PERMISSION_DENIED"
