"""Everyone's accounts, for administrators."""

from functools import partial
from typing import Any

import graphene

from app.accounts.administration import read_account
from app.accounts.session_list import list_sessions_of
from app.accounts.user_list import UserList, count_accounts, list_accounts, select_accounts
from app.models.user import UserRecord
from app.models.user_list import UserOrderField as OrderField
from app.permissions import Permission
from schema.connections import UserConnection
from schema.cursors import Cursors, TextCursors
from schema.guard import permission
from schema.pagination import Connection, selected_fields
from schema.types import OrderDirection, Role, User, UserOrderField, columns_of

NEWEST_FIRST = {"field": "CREATED_AT", "direction": "DESC"}


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
    return read_account(id, columns_of(selected_fields(info)), info.context.signed_in)


def resolve_users(
    root: None,
    info: graphene.ResolveInfo,
    filter: dict | None = None,
    order_by: dict | None = None,
    **asked: Any,
) -> Connection:
    viewer = info.context.signed_in
    accounts = select_accounts(filter or {}, order_by or {}, viewer)
    cursors = _cursors_of(accounts)
    fields = selected_fields(info, "edges", "node")
    page = list_accounts(accounts, cursors.slice_of(**asked), columns_of(fields), viewer)
    if "sessions" in fields and viewer.allows(Permission.SESSIONS_READ):
        info.context.sessions |= list_sessions_of(page.rows, viewer)
    return Connection(page, cursors, partial(count_accounts, accounts, viewer))


def _cursors_of(accounts: UserList) -> Cursors:
    kind = Cursors if accounts.field is OrderField.CREATED_AT else TextCursors
    return kind(repr(accounts), accounts.field.key)


user = permission(Permission.USERS_READ)(
    graphene.Field(
        User,
        id=graphene.ID(required=True, description="The account's id."),
        resolver=resolve_user,
        description="One account; DOES_NOT_EXIST for an id of nobody. Access: USERS_READ.",
    )
)
users = permission(Permission.USERS_READ)(
    graphene.Field(
        UserConnection,
        first=graphene.Int(description="How many rows: default 20, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        last=graphene.Int(description="As first, but the rows at the end, or before `before`."),
        before=graphene.String(description="The cursor of the row behind the page."),
        filter=UserFilter(description="Which accounts; all when left out."),
        order_by=UserOrder(default_value=NEWEST_FIRST, description="In which order."),
        resolver=resolve_users,
        description="Everyone's accounts, forwards by first and after or backwards by last and "
        "before. A cursor belongs to its order and filter. Access: USERS_READ.",
    )
)
