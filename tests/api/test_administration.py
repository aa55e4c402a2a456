"""user, setUserActive, setUserRoles, deleteUser: what administrators do to one account."""

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


def signed_up(api: Client, *roles: str, **changes: object) -> tuple[str, str]:
    """The id and the access token of a new account."""
    made = api.register(person(**changes)).data["register"]
    User.objects(id=made["user"]["id"]).update(set__roles=["USER", *roles])
    return made["user"]["id"], made["tokens"]["accessToken"]


@pytest.fixture
def admin(api: Client) -> tuple[str, str]:
    """The id and the access token of the only administrator."""
    return signed_up(api, "ADMIN", email="admin@example.com")


def change(api: Client, token: str, document: str, user_id: str, **given: object):
    return api.send(document, {"input": {"userId": user_id, **given}}, token=token)


def everything() -> list:
    """All that is stored, but for when sessions were used and how often was guessed."""
    kept = [document for document in DOCUMENTS if document is not Attempts]
    return [list(document._get_collection().find({}, {"last_used_at": 0})) for document in kept]


def events(user_id: str) -> list[str]:
    rows = SecurityEvent.objects(user_id=ObjectId(user_id)).order_by("at", "id")
    return [event.type.value for event in rows]


@pytest.mark.parametrize(
    ("document", "given"), [(USER, None), (USER_ONLY, None), *CHANGES], ids=lambda _: ""
)
def test_all_is_for_administrators(
    api: Client, admin: tuple, document: str, given: dict | None
) -> None:
    user_id, token = signed_up(api)
    before = everything()
    variables = {"id": user_id} if given is None else {"input": {"userId": user_id, **given}}
    assert api.send(document, variables, token=token).reason == "PERMISSION_DENIED"
    assert api.send(document, variables).reason == "TOKEN_MISSING"
    assert everything() == before


@pytest.mark.parametrize("user_id", NOBODY)
def test_nobody_is_told_to_be_nobody(api: Client, admin: tuple, user_id: str) -> None:
    before = everything()
    for document, given in [(USER, None), *CHANGES]:
        variables = {"id": user_id} if given is None else {"input": {"userId": user_id, **given}}
        answer = api.send(document, variables, token=admin[1], language="en")
        assert list(answer.data.values()) == [None]
        assert (answer.code, answer.reason) == ("NOT_FOUND", "DOES_NOT_EXIST")
        assert answer.error["message"] == "This user does not exist."
    assert everything() == before


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


def test_one_account_is_one_read_of_what_is_selected(
    api: Client, admin: tuple, commands: list[str]
) -> None:
    user_id, _ = signed_up(api, fullName="Ana")
    commands.clear()
    answer = api.send(USER_ONLY, {"id": user_id}, token=admin[1])
    assert answer.data == {"user": {"fullName": "Ana", "address": None}}
    assert commands == ["find", "find"]


def test_closing_ends_sessions_at_once_and_opening_lets_sign_in_again(
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
    assert events(user_id) == [
        "REGISTERED",
        "DEACTIVATED",
        "LOGIN_REFUSED",
        "ACTIVATED",
        "LOGGED_IN",
    ]
    by_the_administrator = SecurityEvent.objects(type__in=["DEACTIVATED", "ACTIVATED"])
    assert [event.ip_address for event in by_the_administrator] == [None, None]


@pytest.mark.parametrize("active", [True, False])
def test_what_is_so_already_is_no_change(api: Client, admin: tuple, active: bool) -> None:
    user_id, _ = signed_up(api)
    change(api, admin[1], SET_ACTIVE, user_id, active=active)
    change(api, admin[1], SET_ROLES, user_id, roles=["USER"])
    before = everything()
    again = change(api, admin[1], SET_ACTIVE, user_id, active=active)
    assert again.data["setUserActive"]["user"]["active"] is active
    roles = change(api, admin[1], SET_ROLES, user_id, roles=["USER", "USER"])
    assert roles.data["setUserRoles"]["user"]["roles"] == ["USER"]
    assert everything() == before


def test_roles_act_on_tokens_already_out_at_the_next_request(api: Client, admin: tuple) -> None:
    user_id, token = signed_up(api)
    assert api.send(USER, {"id": user_id}, token=token).reason == "PERMISSION_DENIED"
    made = change(api, admin[1], SET_ROLES, user_id, roles=["ADMIN", "ADMIN"])
    assert made.data["setUserRoles"]["user"] == {"id": user_id, "roles": ["USER", "ADMIN"]}
    assert api.send(USER, {"id": user_id}, token=token).errors == []

    lost = change(api, token, SET_ROLES, admin[0], roles=["USER"])
    assert lost.data["setUserRoles"]["user"] == {"id": admin[0], "roles": ["USER"]}
    assert api.send(USER, {"id": user_id}, token=admin[1]).reason == "PERMISSION_DENIED"
    assert api.me(admin[1]).errors == []
    assert events(user_id) == ["REGISTERED", "ROLES_CHANGED"]
    assert events(admin[0]) == ["REGISTERED", "ROLES_CHANGED"]


def test_no_roles_are_refused(api: Client, admin: tuple) -> None:
    before = everything()
    answer = change(api, admin[1], SET_ROLES, admin[0], roles=[])
    assert (answer.code, answer.reason) == ("BAD_USER_INPUT", "INVALID_DATA")
    assert answer.fields == {"roles": "INVALID_DATA"}
    assert answer.error["extensions"]["fields"][0]["path"] == ["input", "roles"]
    assert everything() == before


def test_a_deleted_person_is_gone_from_everywhere(api: Client, admin: tuple) -> None:
    given = person(fullName="Ana", email="ana@example.com", cpfCnpj="52998224725")
    made = api.register(given).data["register"]
    user_id, token = made["user"]["id"], made["tokens"]["accessToken"]
    change(api, admin[1], SET_ACTIVE, user_id, active=False)

    answer = change(api, admin[1], DELETE, user_id)

    assert answer.data == {"deleteUser": {"deletedId": user_id}}
    assert user_id not in str(everything())
    assert "ana@example.com" not in str(everything())
    assert api.me(token).reason == "TOKEN_REVOKED"
    assert change(api, admin[1], DELETE, user_id).reason == "DOES_NOT_EXIST"
    assert SecurityEvent.objects(user_id=None, ip_address=None).count() == 2
    assert api.register(given).errors == []


def losses(api: Client, user_id: str, token: str) -> list:
    """Every way in which this administrator may be lost, each as a call that tries it."""
    own = {"input": {"password": PASSWORD}}
    return [
        lambda: change(api, token, SET_ACTIVE, user_id, active=False),
        lambda: change(api, token, SET_ROLES, user_id, roles=["USER"]),
        lambda: change(api, token, DELETE, user_id),
        lambda: api.send(DEACTIVATE_OWN, own, token=token),
        lambda: api.send(DELETE_OWN, own, token=token),
    ]


@pytest.mark.parametrize("way", range(5))
def test_the_last_live_administrator_stays(api: Client, admin: tuple, way: int) -> None:
    signed_up(api)  # an account without the role is none
    closed, _ = signed_up(api, "ADMIN")  # nor is one that cannot sign in
    change(api, admin[1], SET_ACTIVE, closed, active=False)
    before = everything()

    answer = losses(api, *admin)[way]()

    assert list(answer.data.values()) == [None]
    assert (answer.code, answer.reason) == ("CONFLICT", "LAST_ADMIN")
    assert everything() == before
    assert api.send(USER, {"id": admin[0]}, token=admin[1]).errors == []


@pytest.mark.parametrize("way", range(5))
def test_one_of_two_administrators_may_go(api: Client, admin: tuple, way: int) -> None:
    other = signed_up(api, "ADMIN")
    assert losses(api, *admin)[way]().errors == []
    assert api.send(USER, {"id": other[0]}, token=other[1]).errors == []
    assert losses(api, *other)[way]().reason == "LAST_ADMIN"


@pytest.mark.parametrize("document", [DEACTIVATE_OWN, DELETE_OWN])
def test_whoever_is_no_administrator_may_leave_where_there_is_none(
    api: Client, document: str
) -> None:
    _, token = signed_up(api)
    assert api.send(document, {"input": {"password": PASSWORD}}, token=token).errors == []


def test_what_one_mutation_of_a_request_takes_the_next_has_not(api: Client, admin: tuple) -> None:
    signed_up(api, "ADMIN")
    both = """mutation($a: SetUserRolesInput!) {
      first: setUserRoles(input: $a) { user { roles } }
      second: setUserRoles(input: $a) { user { roles } }
    }"""
    given = {"a": {"userId": admin[0], "roles": ["USER"]}}
    answer = api.send(both, given, token=admin[1])
    assert answer.data == {"first": {"user": {"roles": ["USER"]}}, "second": None}
    assert answer.reason == "PERMISSION_DENIED"
