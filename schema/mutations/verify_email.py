"""A person proves that an address is theirs."""

import graphene

from app.accounts import verify_email as use_case
from app.models.user import UserRecord
from schema.guard import public
from schema.mutations.payloads import AcceptedPayload, UserPayload


class VerifyEmailInput(graphene.InputObjectType):
    """The proof that the address is theirs."""

    token = graphene.String(required=True, description="The token of the link.")


class ResendVerificationEmailInput(graphene.InputObjectType):
    """Where to send another link."""

    email = graphene.String(required=True, description="The address to verify.")


class VerifyEmail(graphene.Mutation):
    """Note that the address is theirs. A link works once, for 24 hours, until the next one is sent.
    Access: public, the token is the proof."""

    class Arguments:
        input = VerifyEmailInput(required=True, description="The token of the link.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, UserRecord]:
        return {"user": use_case.verify_email(input, info.context.caller)}


class ResendVerificationEmail(graphene.Mutation):
    """Send another link to an address that is still to be verified. Answers alike for any address.
    Access: public, says nothing of existence."""

    class Arguments:
        input = ResendVerificationEmailInput(required=True, description="The address.")

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.resend_verification_email(input, info.context.caller)
        return {"accepted": True}


verify_email = public(VerifyEmail.Field())
resend_verification_email = public(ResendVerificationEmail.Field())
