"""What several mutations answer and take."""

import graphene

from schema.types import User


class UserPayload(graphene.ObjectType):
    """An account, as it is now."""

    user = graphene.Field(User, description="The account.")


class AcceptedPayload(graphene.ObjectType):
    """Accepted, and nothing more: the same answer, in the same time, whoever the address belongs
    to."""

    accepted = graphene.Boolean(required=True, description="Always true.")


class DeletedPayload(graphene.ObjectType):
    """What is no more."""

    deleted_id = graphene.ID(required=True, description="The id that the account had.")
