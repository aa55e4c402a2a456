"""Access: a root field that declares none cannot be built."""

import graphene
import pytest

from app.accounts.caller import Caller
from app.models.user import Role, User
from schema import guard
from schema.engine.execution import Context, Executor, Parameters
from schema.root import Mutation, Query, build_schema
from tests.client import Client
from tests.factories import person


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
        for root in (Query, Mutation)
        for name, field in root._meta.fields.items()
    }
    assert declared == {
        "user": "ADMIN",
        "users": "ADMIN",
        "set_user_active": "ADMIN",
        "set_user_roles": "ADMIN",
        "delete_user": "ADMIN",
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


def test_a_role_is_asked_for(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Administered(graphene.ObjectType):
        secret = guard.role(Role.ADMIN)(
            graphene.Field(graphene.String, resolver=lambda root, info: "told")
        )

    executor = Executor(build_schema(query=Administered))
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    asked = Parameters("{ secret }")

    def answer(token: str | None) -> dict:
        context = Context(Caller(access_token=token), "id")
        with api.http.application.app_context():
            return executor.run(executor.operation(asked), asked, context)

    assert answer(None)["errors"][0]["extensions"]["reason"] == "TOKEN_MISSING"
    assert answer(token)["errors"][0]["extensions"]["reason"] == "PERMISSION_DENIED"
    User.objects.update(set__roles=[Role.USER, Role.ADMIN])
    assert answer(token) == {"data": {"secret": "told"}}


def test_a_query_costs_one_read_however_many_fields_it_guards(
    api: Client, commands: list[str]
) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    commands.clear()
    assert api.send("{ me { id } again: me { email } }", token=token).errors == []
    assert commands == ["find"]


def test_a_mutation_costs_one_read_before_its_resolver(api: Client, commands: list[str]) -> None:
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    commands.clear()
    assert api.logout(token).errors == []
    assert commands == ["find", "update", "delete", "insert", "commitTransaction"]


def test_public_fields_cost_no_read(api: Client, commands: list[str]) -> None:
    assert api.send("{ passwordPolicy { minLength } errorCatalog { code } }").errors == []
    assert commands == []
