"""Change the caller's password."""

import graphene

from app.accounts import change_password as use_case
from app.accounts.open_session import SignInResult
from schema.guard import signed_in
from schema.mutations.fields import make_new_password_field
from schema.mutations.payloads import AuthPayload


class ChangePasswordInput(graphene.InputObjectType):
    """The current and the new password."""

    current_password = graphene.String(required=True, description="The current password.")
    new_password = make_new_password_field()


class ChangePassword(graphene.Mutation):
    """Change the password. All other sessions end at once. This session continues with the new
    tokens. Access: signed in. Asks for the password again."""

    class Arguments:
        input = ChangePasswordInput(required=True, description="The current and the new password.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        context = info.context
        return context.sign_in(use_case.change_password(input, context.signed_in))


change_password = signed_in(ChangePassword.Field())
