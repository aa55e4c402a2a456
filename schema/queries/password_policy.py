"""The rules for a new password, for forms that check while a person types."""

import graphene

from app.security import passwords
from schema.guard import public


class PasswordPolicy(graphene.ObjectType):
    """The allowed lengths of a new password. Any characters are allowed, but no common password."""

    min_length = graphene.Int(
        required=True,
        description="The least number of characters, after Unicode normalisation (NFC).",
    )
    max_length = graphene.Int(
        required=True,
        description="The greatest number of characters, after Unicode normalisation (NFC).",
    )


def resolve_password_policy(root: None, info: graphene.ResolveInfo) -> dict:
    return {"min_length": passwords.MIN_LENGTH, "max_length": passwords.MAX_LENGTH}


password_policy = public(
    graphene.Field(
        PasswordPolicy,
        required=True,
        resolver=resolve_password_policy,
        description="The rules for a new password. Access: public.",
    )
)
