"""Access to root fields: public, signed in, or with a permission.

Each declaration takes a root field, notes its access and puts the check in front of its
resolver. ``refuse_undeclared`` refuses to build a schema with a field that has none. A permission
is declared here, and checked by the use case itself: it knows whose account is concerned.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import graphene
from graphql import OperationType

from app.permissions import AnyPermission
from schema.context import Context

Resolver = Callable[..., Any]
Check = Callable[[Context, bool], None]  # the request, whether it is a mutation

PUBLIC, SIGNED_IN = "public", "signed in"


def public(field: graphene.Field) -> graphene.Field:
    """Everybody may. The access token, if there is one, is not read."""
    return _declare(field, PUBLIC, _forget_viewer)


def signed_in(field: graphene.Field) -> graphene.Field:
    """For callers with an access token whose session and account are live."""
    return _declare(field, SIGNED_IN, _authenticate)


def permission(needed: AnyPermission) -> Callable[[graphene.Field], graphene.Field]:
    """Whoever is signed in and has this permission, which the use case checks."""

    def declare(field: graphene.Field) -> graphene.Field:
        return _declare(field, needed.name, _authenticate)

    return declare


def refuse_undeclared(root: type[graphene.ObjectType]) -> None:
    """Raise TypeError for the first root field that does not declare its access."""
    for name, field in root._meta.fields.items():
        if getattr(field, "access", None) is None:
            raise TypeError(f"{root.__name__}.{name} has no declared access: see schema/guard.py")


def _declare(field: graphene.Field, access: str, check: Check) -> graphene.Field:
    resolver = field.resolver

    @wraps(resolver)
    def resolve(root: Any, info: graphene.ResolveInfo, **arguments: Any) -> Any:
        context: Context = info.context
        context.check_deadline()
        check(context, info.operation.operation is OperationType.MUTATION)
        return resolver(root, info, **arguments)

    field.access = access
    field.resolver = resolve
    return field


def _forget_viewer(context: Context, is_mutation: bool) -> None:
    """An earlier mutation of the request may have ended the session that it proved."""
    if is_mutation:
        context.viewer = None


def _authenticate(context: Context, is_mutation: bool) -> None:
    """One read for all fields of a query; one for each mutation, which may end the session."""
    if is_mutation:
        context.authenticate()
    else:
        context.require_viewer()
