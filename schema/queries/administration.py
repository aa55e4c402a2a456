"""One account, and the list of all, for viewers with USERS_READ."""

from functools import partial
from typing import Any

import graphene

from app.accounts.administration import read_account
from app.accounts.session_list import list_sessions_of
from app.accounts.user_list import UserList, count_accounts, list_accounts, select_accounts
from app.models.user_list import UserOrderField as OrderField
from app.models.user_records import UserRecord
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
        description="Matches the start of the e-mail address or of any word of the name, without "
        "regard to case and accents. Each word must match. At most 100 characters."
    )
    active = graphene.Boolean(description="Whether the account may sign in.")
    email_verified = graphene.Boolean(description="Whether the e-mail address is verified.")
    role = Role(description="A role that the account has.")
    created_after = graphene.DateTime(
        description="Created after this time. UTC unless it has an offset."
    )
    created_before = graphene.DateTime(
        description="Created before this time. UTC unless it has an offset."
    )


class UserOrder(graphene.InputObjectType):
    """What accounts are ordered by. Accounts with the same value are ordered by their ids."""

    field = UserOrderField(required=True, description="What to order by.")
    direction = OrderDirection(required=True, description="The direction.")


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
        description="One account. DOES_NOT_EXIST if no account has the id. Access: USERS_READ.",
    )
)
users = permission(Permission.USERS_READ)(
    graphene.Field(
        UserConnection,
        first=graphene.Int(description="How many rows: default 20, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        last=graphene.Int(description="How many rows, backwards from `before` or from the end."),
        before=graphene.String(description="The cursor of the row after the page."),
        filter=UserFilter(description="Which accounts. Default: all."),
        order_by=UserOrder(default_value=NEWEST_FIRST, description="The order of the accounts."),
        resolver=resolve_users,
        description="All accounts, page by page: forwards by `first` and `after`, backwards by "
        "`last` and `before`. A cursor is valid for one order and filter. Access: USERS_READ.",
    )
)
