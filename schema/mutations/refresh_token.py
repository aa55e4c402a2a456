"""Exchange a refresh token for a new pair of tokens."""

import graphene

from app.accounts import refresh_token as use_case
from app.accounts.open_session import SignInResult
from schema.guard import public
from schema.mutations.payloads import AuthPayload


class RefreshTokenInput(graphene.InputObjectType):
    """The refresh token of a session."""

    refresh_token = graphene.String(
        required=True, description="The newest refresh token of the session."
    )


class RefreshToken(graphene.Mutation):
    """Exchange a refresh token for new tokens. A refresh token works once: using it again ends the
    session, except within 10 seconds, when the answer is the same. Access: public, with the
    token."""

    class Arguments:
        input = RefreshTokenInput(required=True, description="The refresh token.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(use_case.refresh_token(input, info.context.caller))


refresh_token = public(RefreshToken.Field())
