"""Verify an e-mail address by a link, or send another link."""

import graphene

from app.accounts import verify_email as use_case
from app.models.user_records import UserRecord
from schema.guard import public
from schema.mutations.payloads import AcceptedPayload, UserPayload


class VerifyEmailInput(graphene.InputObjectType):
    """The token of a verification link."""

    token = graphene.String(required=True, description="The token of the link.")


class ResendVerificationEmailInput(graphene.InputObjectType):
    """The e-mail address to send another link to."""

    email = graphene.String(required=True, description="The e-mail address to verify.")


class VerifyEmail(graphene.Mutation):
    """Verify the e-mail address by a link. The link works once, for 24 hours, until another one is
    sent. Access: public, with the token."""

    class Arguments:
        input = VerifyEmailInput(required=True, description="The token of the link.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, UserRecord]:
        return {"user": use_case.verify_email(input, info.context.caller)}


class ResendVerificationEmail(graphene.Mutation):
    """Send another verification link. The answer is the same for every address, so that it does not
    reveal who has an account. Access: public."""

    class Arguments:
        input = ResendVerificationEmailInput(required=True, description="The e-mail address.")

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.resend_verification_email(input, info.context.caller)
        return {"accepted": True}


verify_email = public(VerifyEmail.Field())
resend_verification_email = public(ResendVerificationEmail.Field())
