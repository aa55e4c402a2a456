"""Access: a root field without declared access cannot be built."""

import graphene
import pytest
from graphene.utils.str_converters import to_camel_case

from app.models.user import User
from app.permissions import PERMISSIONS
from schema.root import build_schema
from tests.client import Client
from tests.factories import person

SCHEMA = build_schema()


class Undeclared(graphene.ObjectType):
    secret = graphene.String(resolver=lambda root, info: "told")


def test_a_query_without_declared_access_cannot_be_built() -> None:
    with pytest.raises(TypeError, match=r"Undeclared\.secret has no declared access"):
        build_schema(query=Undeclared)


def test_a_mutation_without_declared_access_cannot_be_built() -> None:
    with pytest.raises(TypeError, match=r"Undeclared\.secret has no declared access"):
        build_schema(mutation=Undeclared)


def test_every_root_field_declares_its_access() -> None:
    declared = {
        name: field.access
        for root in (SCHEMA.query, SCHEMA.mutation)
        for name, field in root._meta.fields.items()
    }
    assert declared == {
        "user": "USERS_READ",
        "users": "USERS_READ",
        "set_user_active": "USERS_WRITE",
        "set_user_roles": "ROLES_WRITE",
        "delete_user": "USERS_DELETE",
        "error_catalog": "public",
        "me": "signed in",
        "password_policy": "public",
        "request_email_change": "signed in",
        "confirm_email_change": "public",
        "refresh_token": "public",
        "logout": "signed in",
        "logout_everywhere": "signed in",
        "revoke_session": "signed in",
        "change_password": "signed in",
        "login": "public",
        "export_my_data": "signed in",
        "deactivate_account": "signed in",
        "delete_account": "signed in",
        "update_profile": "signed in",
        "register": "public",
        "request_password_reset": "public",
        "reset_password": "public",
        "verify_email": "public",
        "resend_verification_email": "public",
    }


PERMISSION_FIELDS = {
    "user": 'query { user(id: "0123456789abcdef01234567") { id } }',
    "users": "query { users(first: 1000) { totalCount } }",
    "setUserActive": 'mutation { setUserActive(input: {userId: "", active: false}) { user { id }}}',
    "setUserRoles": 'mutation { setUserRoles(input: {userId: "x", roles: []}) { user { id } } }',
    "deleteUser": 'mutation { deleteUser(input: {userId: "x"}) { deletedId } }',
}


@pytest.mark.parametrize("name", PERMISSION_FIELDS)
def test_a_permission_is_checked_before_anything_else(api: Client, name: str) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    assert api.send(PERMISSION_FIELDS[name]).reason == "TOKEN_MISSING"
    assert api.send(PERMISSION_FIELDS[name], token=token).reason == "PERMISSION_DENIED"
    User.objects.update(set__roles=["USER", "ADMIN"])
    answer = api.send(PERMISSION_FIELDS[name], token=token)
    assert answer.reason in {"DOES_NOT_EXIST", "INVALID_DATA"}


def test_every_field_with_a_permission_has_a_test_in_this_file() -> None:
    declared = {
        to_camel_case(name)
        for root in (SCHEMA.query, SCHEMA.mutation)
        for name, field in root._meta.fields.items()
        if field.access in PERMISSIONS
    }
    assert declared == PERMISSION_FIELDS.keys()


def test_a_query_takes_one_read_for_any_number_of_guarded_fields(
    api: Client, commands: list[str]
) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    commands.clear()
    assert api.send("{ me { id } again: me { email } }", token=token).errors == []
    assert commands == ["find"]


def test_a_mutation_takes_one_read_before_its_resolver(api: Client, commands: list[str]) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    commands.clear()
    assert api.logout(token).errors == []
    assert commands == ["find", "update", "delete", "insert", "commitTransaction"]


def test_public_fields_take_no_read(api: Client, commands: list[str]) -> None:
    assert api.send("{ passwordPolicy { minLength } errorCatalog { code } }").errors == []
    assert commands == []
