"""The caller's account."""

import graphene

from app.models.user_records import UserRecord
from schema.guard import signed_in
from schema.types import User


def resolve_me(root: None, info: graphene.ResolveInfo) -> UserRecord:
    return info.context.signed_in.user


me = signed_in(
    graphene.Field(
        User,
        resolver=resolve_me,
        description="The caller's own account. Access: signed in.",
    )
)
