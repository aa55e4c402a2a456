"""A signed-in person changes the password."""

import graphene

from app.accounts import change_password as use_case
from app.accounts.open_session import SignInResult
from schema.guard import signed_in
from schema.mutations.fields import a_new_password
from schema.mutations.payloads import AuthPayload


class ChangePasswordInput(graphene.InputObjectType):
    """The password as it is, and as it shall be."""

    current_password = graphene.String(required=True, description="The password in use.")
    new_password = a_new_password()


class ChangePassword(graphene.Mutation):
    """Change the password. Every other session ends at once; this one goes on with the new tokens.
    Access: signed in."""

    class Arguments:
        input = ChangePasswordInput(required=True, description="Both passwords.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        context = info.context
        return context.sign_in(use_case.change_password(input, context.signed_in))


change_password = signed_in(ChangePassword.Field())
