"""Sign in with e-mail address and password."""

import graphene

from app.accounts.login import login as log_in
from app.accounts.open_session import SignInResult
from schema.guard import public
from schema.mutations.payloads import AuthPayload


class LoginInput(graphene.InputObjectType):
    """The credentials."""

    email = graphene.String(
        required=True, description="The e-mail address. Upper and lower case are the same."
    )
    password = graphene.String(required=True, description="The account's password.")


class Login(graphene.Mutation):
    """Sign in with e-mail address and password. An unknown address, a wrong password and an
    inactive account get the same error, INVALID_CREDENTIALS. Access: public."""

    class Arguments:
        input = LoginInput(required=True, description="The e-mail address and the password.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(log_in(input, info.context.caller))


login = public(Login.Field())
