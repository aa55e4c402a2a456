"""A signed-in person moves the account to another address."""

import graphene

from app.accounts import change_email as use_case
from app.models.user import UserRecord
from schema.guard import public, signed_in
from schema.mutations.payloads import AcceptedPayload, UserPayload


class RequestEmailChangeInput(graphene.InputObjectType):
    """Where to move to, and the proof of who asks."""

    new_email = graphene.String(required=True, description="The address to have.")
    password = graphene.String(required=True, description="The account's password.")


class ConfirmEmailChangeInput(graphene.InputObjectType):
    """The proof that the new address is theirs."""

    token = graphene.String(required=True, description="The token of the link.")


class RequestEmailChange(graphene.Mutation):
    """Send a link to the new address and a notice to the one in use. Answers alike for a taken
    address, which gets no link. Access: signed in, asks the password."""

    class Arguments:
        input = RequestEmailChangeInput(required=True, description="The address and the password.")

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.request_email_change(input, info.context.signed_in)
        return {"accepted": True}


class ConfirmEmailChange(graphene.Mutation):
    """Make the new address the account's. A link works once, for 24 hours, until the next one is
    sent or the password changes. Access: public, the token is the proof."""

    class Arguments:
        input = ConfirmEmailChangeInput(required=True, description="The token of the link.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, UserRecord]:
        return {"user": use_case.confirm_email_change(input, info.context.caller)}


request_email_change = signed_in(RequestEmailChange.Field())
confirm_email_change = public(ConfirmEmailChange.Field())
