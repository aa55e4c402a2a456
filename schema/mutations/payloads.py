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


class Tokens(graphene.ObjectType):
    """The proof of a session: an access token, and the refresh token that renews it."""

    access_token = graphene.String(
        required=True, description="A JWT, sent as `Authorization: Bearer <accessToken>`."
    )
    refresh_token = graphene.String(
        required=True, description="A JWT for `refreshToken` alone. Each can be used once."
    )
    token_type = graphene.String(required=True, description="Always Bearer.")
    expires_in = graphene.Int(required=True, description="Seconds until the access token expires.")
    expires_at = graphene.DateTime(required=True, description="When the access token expires.")
    refresh_expires_at = graphene.DateTime(
        required=True, description="When the refresh token, and with it the session, expires."
    )


class AuthPayload(graphene.ObjectType):
    """user and tokens are both set, except where an address must be verified first: then tokens
    is null."""

    user = graphene.Field(User, description="The account that is signed in now.")
    tokens = graphene.Field(Tokens, description="The session's tokens.")


class LogoutPayload(graphene.ObjectType):
    """What a logout did."""

    sessions_ended = graphene.Int(required=True, description="How many sessions ended.")
