"""Who may resolve a root field: public, signed in, or of a role. Deny by default.

Each declaration takes a root field, notes its access and puts the check in front of its
resolver; ``refuse_undeclared`` will not let a schema be built with a field that has none.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from time import monotonic
from typing import Any

import graphene
from bson import ObjectId
from graphql import OperationType

from app.accounts.caller import Caller
from app.accounts.open_session import SignInResult
from app.errors import AccountError, ErrorReason
from app.models.user import Role
from schema.engine.limits import excess


def public(field: graphene.Field) -> graphene.Field:
    """Anyone may: the token, if there is one, is not even read."""
    field.access = "public"
    field.resolver = _after(_forget_caller, field.resolver)
    return field


def signed_in(field: graphene.Field) -> graphene.Field:
    """A valid access token whose session and account are still live."""
    field.access = "signed in"
    field.resolver = _after(_prove_caller, field.resolver)
    return field


def role(needed: Role) -> Callable[[graphene.Field], graphene.Field]:
    """Signed in, and of this role."""

    def has_role(info: graphene.ResolveInfo) -> None:
        _prove_caller(info)
        if needed.value not in info.context.caller.user.roles:
            raise AccountError(ErrorReason.PERMISSION_DENIED)

    def declared(field: graphene.Field) -> graphene.Field:
        field.access = needed.value
        field.resolver = _after(has_role, field.resolver)
        return field

    return declared


def owner_or_admin(info: graphene.ResolveInfo, user_id: ObjectId) -> Caller:
    """The caller, who may see what only the account's owner and administrators may.

    Raises AccountError: PERMISSION_DENIED, and what `authenticate` raises.
    """
    context = info.context
    if context.caller.user is None:
        context.prove_caller()
    user = context.caller.user
    if user.id != user_id and Role.ADMIN.value not in user.roles:
        raise AccountError(ErrorReason.PERMISSION_DENIED)
    return context.caller


def refuse_undeclared(root: type[graphene.ObjectType]) -> None:
    """Raise TypeError for the first root field that does not say who may have it."""
    for name, field in root._meta.fields.items():
        if getattr(field, "access", None) is None:
            raise TypeError(f"{root.__name__}.{name} has no declared access: see schema/guard.py")


def _after(check: Callable[[Any], None], resolver: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(resolver)
    def guarded(root: Any, info: graphene.ResolveInfo, **arguments: Any) -> Any:
        check(info)
        answer = resolver(root, info, **arguments)
        if isinstance(answer, SignInResult) and answer.tokens:
            info.context.caller = _who_signed_in(info.context.caller, answer)
        return answer

    return guarded


def _keep_time(info: graphene.ResolveInfo) -> None:
    """No field is started once the seconds of a request have passed."""
    context = info.context
    if monotonic() - context.started > context.limits.operation_seconds:
        raise excess("seconds", context.limits)


def _forget_caller(info: graphene.ResolveInfo) -> None:
    """What an earlier mutation of the request proved, it may have ended as well."""
    _keep_time(info)
    context = info.context
    if context.caller.user is not None and info.operation.operation is OperationType.MUTATION:
        context.caller = replace(context.caller, user=None, session_id=None)


def _who_signed_in(caller: Caller, answer: SignInResult) -> Caller:
    """Of what this one mutation answers, they may see what is theirs; the next asks for a proof."""
    return replace(caller, user=answer.user, session_id=answer.session_id or caller.session_id)


def _prove_caller(info: graphene.ResolveInfo) -> None:
    """One read for all fields of a query; one for each mutation, which may end the session."""
    _keep_time(info)
    context = info.context
    if context.caller.user is None or info.operation.operation is OperationType.MUTATION:
        context.prove_caller()
