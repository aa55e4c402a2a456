"""Request a link to reset a lost password, and reset it."""

import graphene

from app.accounts import reset_password as use_case
from app.accounts.open_session import SignInResult
from schema.guard import public
from schema.mutations.fields import make_new_password_field
from schema.mutations.payloads import AcceptedPayload, AuthPayload


class RequestPasswordResetInput(graphene.InputObjectType):
    """The e-mail address to send the link to."""

    email = graphene.String(required=True, description="The e-mail address of the account.")


class ResetPasswordInput(graphene.InputObjectType):
    """The token of a reset link, and the new password."""

    token = graphene.String(required=True, description="The token of the link.")
    new_password = make_new_password_field()


class RequestPasswordReset(graphene.Mutation):
    """Send a link to choose a new password. The answer is the same for every address, so that it
    does not reveal who has an account. Access: public."""

    class Arguments:
        input = RequestPasswordResetInput(required=True, description="The e-mail address.")

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.request_password_reset(input, info.context.caller)
        return {"accepted": True}


class ResetPassword(graphene.Mutation):
    """Set a new password by a link, end all sessions and sign in. The link works once, for an hour,
    until another one is sent or the password changes. Access: public, with the token."""

    class Arguments:
        input = ResetPasswordInput(required=True, description="The token and the password.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(use_case.reset_password(input, info.context.caller))


request_password_reset = public(RequestPasswordReset.Field())
reset_password = public(ResetPassword.Field())
