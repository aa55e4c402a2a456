"""Types that several mutations share."""

import graphene

from schema.types import User


class UserPayload(graphene.ObjectType):
    """An account, after the change."""

    user = graphene.Field(User, description="The account.")


class AcceptedPayload(graphene.ObjectType):
    """The request was accepted. The answer, and the time it takes, are the same for every e-mail
    address."""

    accepted = graphene.Boolean(required=True, description="Always true.")


class DeletedPayload(graphene.ObjectType):
    """The object that was deleted."""

    deleted_id = graphene.ID(required=True, description="The id of the deleted object.")


class Tokens(graphene.ObjectType):
    """The tokens of a session: an access token, and a refresh token to get new ones."""

    access_token = graphene.String(
        required=True, description="A JWT, sent as `Authorization: Bearer <accessToken>`."
    )
    refresh_token = graphene.String(
        required=True, description="A JWT for the mutation `refreshToken`. It works once."
    )
    token_type = graphene.String(required=True, description="Always Bearer.")
    expires_in = graphene.Int(required=True, description="Seconds until the access token expires.")
    expires_at = graphene.DateTime(required=True, description="When the access token expires.")
    refresh_expires_at = graphene.DateTime(
        required=True, description="When the refresh token, and with it the session, expires."
    )


class AuthPayload(graphene.ObjectType):
    """Who signed in, and the tokens. `tokens` is null where the e-mail address must be verified
    first."""

    user = graphene.Field(User, description="The account.")
    tokens = graphene.Field(
        Tokens,
        description="The tokens. Null when the e-mail address must be verified first.",
    )


class LogoutPayload(graphene.ObjectType):
    """The result of signing out."""

    sessions_ended = graphene.Int(required=True, description="How many sessions ended.")
