"""A person signs in."""

import graphene

from app.accounts.login import login as log_in
from app.accounts.open_session import SignInResult
from schema.guard import public
from schema.mutations.payloads import AuthPayload


class LoginInput(graphene.InputObjectType):
    """What a person signs in with."""

    email = graphene.String(required=True, description="The account's address, in any case.")
    password = graphene.String(required=True, description="The account's password.")


class Login(graphene.Mutation):
    """Open a session on this device. An unknown address, a wrong password and an inactive account
    answer alike: INVALID_CREDENTIALS. Access: public."""

    class Arguments:
        input = LoginInput(required=True, description="E-mail and password.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(log_in(input, info.context.caller))


login = public(Login.Field())
