"""Everyone's accounts, for administrators."""

from functools import cache
from typing import Any

import graphene
from graphene.utils.str_converters import to_snake_case

from app.accounts.administration import read_account
from app.accounts.user_filter import conditions
from app.accounts.user_list import UserList, list_accounts
from app.models.user import Role as AccountRole
from app.models.user import UserRecord
from app.models.user_list import UserOrderField as OrderField
from schema.connections import UserConnection
from schema.cursors import Cursors, TextCursors
from schema.guard import role
from schema.pagination import CountedPage, selected
from schema.types import OrderDirection, Role, User, UserOrderField

NEWEST_FIRST = {"field": "CREATED_AT", "direction": "DESC"}
column_of = cache(to_snake_case)  # names have been validated: there are as many as fields


class UserFilter(graphene.InputObjectType):
    """Conditions are joined by AND."""

    search = graphene.String(
        description="Matches the start of the e-mail or of any word of the name, whatever the case "
        "or accents. Each of several words must match. At most 100 characters."
    )
    active = graphene.Boolean(description="Whether the account may sign in.")
    email_verified = graphene.Boolean(description="Whether the address has been proved.")
    role = Role(description="A role that the account has.")
    created_after = graphene.DateTime(
        description="Made later than this; in UTC where it does not say."
    )
    created_before = graphene.DateTime(
        description="Made earlier than this; in UTC where it does not say."
    )


class UserOrder(graphene.InputObjectType):
    """What accounts are ordered by; equal ones by their ids."""

    field = UserOrderField(required=True, description="What they are compared by.")
    direction = OrderDirection(required=True, description="Which end comes first.")


def resolve_user(root: None, info: graphene.ResolveInfo, id: str) -> UserRecord:
    return read_account(id, _columns(selected(info)))


def resolve_users(
    root: None,
    info: graphene.ResolveInfo,
    filter: dict | None = None,
    order_by: dict | None = None,
    **asked: Any,
) -> CountedPage:
    wanted = UserList(conditions(filter or {}), **(order_by or {}))
    cursors = _cursors_of(wanted)
    names = _columns(selected(info, "edges", "node"))
    return CountedPage(cursors, list_accounts(wanted, cursors.slice_of(**asked), names))


def _columns(names: set[str]) -> set[str]:
    return set(map(column_of, names))


def _cursors_of(wanted: UserList) -> Cursors:
    kind = Cursors if wanted.field is OrderField.CREATED_AT else TextCursors
    return kind(repr(wanted), wanted.field.key)


user = role(AccountRole.ADMIN)(
    graphene.Field(
        User,
        id=graphene.ID(required=True, description="The account's id."),
        resolver=resolve_user,
        description="One account; DOES_NOT_EXIST for an id of nobody. Access: ADMIN.",
    )
)
users = role(AccountRole.ADMIN)(
    graphene.Field(
        UserConnection,
        first=graphene.Int(description="How many rows: 20 unless told, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        last=graphene.Int(description="As first, but the rows at the end, or before `before`."),
        before=graphene.String(description="The cursor of the row behind the page."),
        filter=UserFilter(description="Which accounts; all when left out."),
        order_by=UserOrder(default_value=NEWEST_FIRST, description="In which order."),
        resolver=resolve_users,
        description="Everyone's accounts, forwards by first and after or backwards by last and "
        "before. A cursor belongs to its order and filter. Access: ADMIN.",
    )
)
