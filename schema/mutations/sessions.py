"""Refresh a session, end one or all; and what every way of signing in answers."""

import graphene

from app.accounts import sessions
from app.accounts.sessions import SignInResult
from schema.guard import public, signed_in
from schema.types import Session, User


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


class RefreshTokenInput(graphene.InputObjectType):
    """The proof of a session that goes on."""

    refresh_token = graphene.String(
        required=True, description="The newest refresh token of the session."
    )


class RefreshToken(graphene.Mutation):
    """Exchange a refresh token for a new pair. A token used before ends its session, except within
    10 s of its use, when it yields the same successor. Access: public, the token is the proof."""

    class Arguments:
        input = RefreshTokenInput(required=True, description="The refresh token.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(sessions.refresh(input, info.context.caller))


class LogoutPayload(graphene.ObjectType):
    """What a logout did."""

    sessions_ended = graphene.Int(required=True, description="How many sessions ended.")


class Logout(graphene.Mutation):
    """End the session that asks: its access and refresh tokens die at once. Access: signed in."""

    Output = LogoutPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo) -> dict:
        return {"sessions_ended": sessions.logout(info.context.signed_in)}


class LogoutEverywhereInput(graphene.InputObjectType):
    """Which sessions to end."""

    except_current = graphene.Boolean(
        default_value=False, description="Keep the session that asks."
    )


class LogoutEverywhere(graphene.Mutation):
    """End all sessions of the account: their access and refresh tokens die at once.
    Access: signed in."""

    class Arguments:
        input = LogoutEverywhereInput(description="Which sessions; all when left out.")

    Output = LogoutPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict | None = None) -> dict:
        kept = bool(input and input.get("except_current"))
        ended = sessions.logout_everywhere(info.context.signed_in, except_current=kept)
        return {"sessions_ended": ended}


class RevokeSessionInput(graphene.InputObjectType):
    """Which session to end."""

    session_id = graphene.ID(required=True, description="One of `me { sessions { id } }`.")


class RevokeSessionPayload(graphene.ObjectType):
    """What was ended."""

    session = graphene.Field(Session, description="The session, as it was.")


class RevokeSession(graphene.Mutation):
    """End one session of the account: its access and refresh tokens die at once. Another's session,
    and one that ended before, answer alike: DOES_NOT_EXIST. Access: signed in."""

    class Arguments:
        input = RevokeSessionInput(required=True, description="Which session.")

    Output = RevokeSessionPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"session": sessions.revoke_session(input["session_id"], info.context.signed_in)}


refresh_token = public(RefreshToken.Field())
logout = signed_in(Logout.Field())
logout_everywhere = signed_in(LogoutEverywhere.Field())
revoke_session = signed_in(RevokeSession.Field())
