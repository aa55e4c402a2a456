"""Everyone's accounts, for administrators."""

from functools import cache

import graphene
from graphene.utils.str_converters import to_snake_case

from app.accounts.administration import list_accounts
from app.models.user import Role
from schema.connections import UserConnection
from schema.guard import role
from schema.pagination import ACCOUNTS, AccountEdge, CountedPage, selected

column_of = cache(to_snake_case)  # names have been validated: there are as many as fields


def resolve_users(
    root: None, info: graphene.ResolveInfo, first: int | None = None, after: str | None = None
) -> CountedPage:
    asked = {column_of(name) for name in selected(info, "edges", "node")}
    return CountedPage(AccountEdge, list_accounts(first, ACCOUNTS.position_of(after), asked))


users = role(Role.ADMIN)(
    graphene.Field(
        UserConnection,
        first=graphene.Int(description="How many rows: 20 unless told, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        resolver=resolve_users,
        description="Everyone's accounts, the newest first. Access: ADMIN.",
    )
)
