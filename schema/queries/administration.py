"""Everyone's accounts, for administrators."""

import graphene

from app.accounts.administration import list_accounts
from app.models.user import Role
from schema.guard import role
from schema.pagination import UserConnection, UserPage, position_of


def resolve_users(
    root: None, info: graphene.ResolveInfo, first: int | None = None, after: str | None = None
) -> UserPage:
    return UserPage(list_accounts(first, position_of(after)))


users = role(Role.ADMIN)(
    graphene.Field(
        UserConnection,
        first=graphene.Int(description="How many rows: 20 unless told, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        resolver=resolve_users,
        description="Everyone's accounts, the newest first. Access: ADMIN.",
    )
)
