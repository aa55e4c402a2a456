"""What a new password must be, for forms that check while a person types."""

import graphene

from app.security import passwords
from schema.guard import public


class PasswordPolicy(graphene.ObjectType):
    """The lengths of a password. It may be of any characters, but not a common one."""

    min_length = graphene.Int(required=True, description="Fewest characters, after Unicode NFC.")
    max_length = graphene.Int(required=True, description="Most characters, after Unicode NFC.")


def resolve_password_policy(root: None, info: graphene.ResolveInfo) -> dict:
    return {"min_length": passwords.MIN_LENGTH, "max_length": passwords.MAX_LENGTH}


password_policy = public(
    graphene.Field(
        PasswordPolicy,
        required=True,
        resolver=resolve_password_policy,
        description="What a new password must be. Access: public.",
    )
)
