"""A person who lost the password gets a link by mail and chooses another."""

import graphene

from app.accounts import reset_password as use_case
from app.accounts.open_session import SignInResult
from schema.guard import public
from schema.mutations.fields import a_new_password
from schema.mutations.payloads import AcceptedPayload, AuthPayload


class RequestPasswordResetInput(graphene.InputObjectType):
    """Where to send the link."""

    email = graphene.String(required=True, description="The account's address.")


class ResetPasswordInput(graphene.InputObjectType):
    """The new password, and the proof that it may be chosen."""

    token = graphene.String(required=True, description="The token of the link.")
    new_password = a_new_password()


class RequestPasswordReset(graphene.Mutation):
    """Send a link with which a new password can be chosen. Answers alike for any address.
    Access: public, says nothing of existence."""

    class Arguments:
        input = RequestPasswordResetInput(required=True, description="The address.")

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.request_password_reset(input, info.context.caller)
        return {"accepted": True}


class ResetPassword(graphene.Mutation):
    """Choose a new password, end every session and sign in on this device. A link works once, for
    an hour, until the next one is sent or the password changes. Access: public, the token is the
    proof."""

    class Arguments:
        input = ResetPasswordInput(required=True, description="The token and the password.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(use_case.reset_password(input, info.context.caller))


request_password_reset = public(RequestPasswordReset.Field())
reset_password = public(ResetPassword.Field())
