"""Change the e-mail address of the caller's account."""

import graphene

from app.accounts import change_email as use_case
from app.models.user_records import UserRecord
from schema.guard import public, signed_in
from schema.mutations.payloads import AcceptedPayload, UserPayload


class RequestEmailChangeInput(graphene.InputObjectType):
    """The new e-mail address, and the password."""

    new_email = graphene.String(required=True, description="The new e-mail address.")
    password = graphene.String(required=True, description="The account's password.")


class ConfirmEmailChangeInput(graphene.InputObjectType):
    """The token of a confirmation link."""

    token = graphene.String(required=True, description="The token of the link.")


class RequestEmailChange(graphene.Mutation):
    """Send a link to the new address, and a notice to the current one. A taken address gets no
    link, but the answer is the same. Access: signed in. Asks for the password again."""

    class Arguments:
        input = RequestEmailChangeInput(
            required=True, description="The new e-mail address and the password."
        )

    Output = AcceptedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, bool]:
        use_case.request_email_change(input, info.context.signed_in)
        return {"accepted": True}


class ConfirmEmailChange(graphene.Mutation):
    """Change the e-mail address by a link. The link works once, for 24 hours, until another one is
    sent or the password changes. Access: public, with the token."""

    class Arguments:
        input = ConfirmEmailChangeInput(required=True, description="The token of the link.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, UserRecord]:
        return {"user": use_case.confirm_email_change(input, info.context.caller)}


request_email_change = signed_in(RequestEmailChange.Field())
confirm_email_change = public(ConfirmEmailChange.Field())
