"""Query and Mutation in one schema; refuses a root field without a declared access."""

from collections.abc import Mapping
from typing import Any

import graphene

from app.extension import load_parts
from schema import guard
from schema.mutations import (
    change_email,
    change_password,
    login,
    logout,
    logout_everywhere,
    privacy,
    profile,
    refresh_token,
    register,
    reset_password,
    revoke_session,
    verify_email,
)
from schema.queries import error_catalog, me, password_policy

Fields = Mapping[str, graphene.Field]

# In the order of the printed schema: what a person needs first.
QUERIES: dict[str, Any] = {
    "me": me.me,
    "password_policy": password_policy.password_policy,
    "error_catalog": error_catalog.error_catalog,
}
MUTATIONS: dict[str, Any] = {
    "register": register.register,
    "login": login.login,
    "refresh_token": refresh_token.refresh_token,
    "logout": logout.logout,
    "logout_everywhere": logout_everywhere.logout_everywhere,
    "revoke_session": revoke_session.revoke_session,
    "verify_email": verify_email.verify_email,
    "resend_verification_email": verify_email.resend_verification_email,
    "request_password_reset": reset_password.request_password_reset,
    "reset_password": reset_password.reset_password,
    "change_password": change_password.change_password,
    "update_profile": profile.update_profile,
    "request_email_change": change_email.request_email_change,
    "confirm_email_change": change_email.confirm_email_change,
    "export_my_data": privacy.export_my_data,
    "deactivate_account": privacy.deactivate_account,
    "delete_account": privacy.delete_account,
}


def build_schema(
    query: type[graphene.ObjectType] | None = None,
    mutation: type[graphene.ObjectType] | None = None,
) -> graphene.Schema:
    """The schema, by default with the root fields of all registered extensions.

    Raises TypeError for a root field that declares no access, and for a name that is taken.
    """
    parts = load_parts()
    query = query or make_root(
        "Query",
        "The queries. Each description ends with who may use the field.",
        [QUERIES, *(one.queries for one in parts)],
    )
    mutation = mutation or make_root(
        "Mutation",
        "The mutations. Each description ends with who may use the field.",
        [MUTATIONS, *(one.mutations for one in parts)],
    )
    guard.refuse_undeclared(query)
    guard.refuse_undeclared(mutation)
    return graphene.Schema(query=query, mutation=mutation)


def make_root(name: str, description: str, groups: list[Fields]) -> type[graphene.ObjectType]:
    """A root type of these fields, in their order. Raises TypeError for a name that is taken."""
    fields: dict[str, graphene.Field] = {}
    for group in groups:
        if taken := fields.keys() & group.keys():
            raise TypeError(f"{name}.{min(taken)} is defined twice")
        fields |= group
    for field in fields.values():
        field.reset_counter()  # Graphene sorts the fields of a type by it
    return type(name, (graphene.ObjectType,), {"__doc__": description, **fields})
