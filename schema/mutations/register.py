"""A person makes an account."""

import graphene

from app.accounts.open_session import SignInResult
from app.accounts.register import register as register_account
from schema.guard import public
from schema.mutations.fields import a_new_password
from schema.mutations.payloads import AuthPayload


class RegisterInput(graphene.InputObjectType):
    """A new account."""

    full_name = graphene.String(required=True, description="The name, at most 120 characters.")
    email = graphene.String(
        required=True, description="The address that signs in. Compared without case."
    )
    password = a_new_password()
    cpf_cnpj = graphene.String(
        description="CPF or CNPJ, the alphanumeric CNPJ included; a mask is taken off."
    )
    date_of_birth = graphene.Date(description="YYYY-MM-DD, from 1900 to today.")
    locale = graphene.String(
        description="The language of messages and mail: pt-BR or en. Else that of the request."
    )


class Register(graphene.Mutation):
    """Make an account and sign in on this device. Access: public."""

    class Arguments:
        input = RegisterInput(required=True, description="Who the account is for.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return register_account(input, info.context.caller)


register = public(Register.Field())
