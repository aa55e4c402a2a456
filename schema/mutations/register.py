"""Register an account."""

import graphene

from app.accounts.open_session import SignInResult
from app.accounts.register import register as register_account
from schema.guard import public
from schema.mutations.fields import make_new_password_field
from schema.mutations.payloads import AuthPayload
from schema.mutations.profile_inputs import make_input, registration_fields

RegisterInput = make_input(
    "RegisterInput",
    "A new account.",
    {
        **registration_fields(required=True),
        "email": graphene.String(
            required=True,
            description="The e-mail address that will sign in. Upper and lower case are the same.",
        ),
        "password": make_new_password_field(),
        **registration_fields(required=False),
    },
)


class Register(graphene.Mutation):
    """Create an account and sign in. Access: public."""

    class Arguments:
        input = RegisterInput(required=True, description="The new account.")

    Output = AuthPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> SignInResult:
        return info.context.sign_in(register_account(input, info.context.caller))


register = public(Register.Field())
