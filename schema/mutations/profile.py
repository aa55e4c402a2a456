"""A person changes what is known of them."""

import graphene

from app.accounts.profile import update_profile as change_profile
from schema.guard import signed_in
from schema.mutations.payloads import UserPayload


class AddressInput(graphene.InputObjectType):
    """Parts of an address. Only what is given changes; null clears it."""

    zip_code = graphene.String(
        description="Postcode. In Brazil a CEP of eight digits; a mask is taken off."
    )
    street = graphene.String(description="Street, avenue or square, at most 200 characters.")
    number = graphene.String(description="House number, at most 20 characters.")
    complement = graphene.String(description="Flat, block, floor, at most 100 characters.")
    neighborhood = graphene.String(description="Neighbourhood, at most 100 characters.")
    city = graphene.String(description="City or town, at most 100 characters.")
    state = graphene.String(description="State or province. In Brazil its two letters, as SP.")
    country = graphene.String(
        description="ISO 3166-1 alpha-3 code; BRA for a new address. It cannot be cleared."
    )


class UpdateProfileInput(graphene.InputObjectType):
    """Only what is given changes; null clears what may be empty."""

    full_name = graphene.String(
        description="The name, at most 120 characters. It cannot be cleared."
    )
    cpf_cnpj = graphene.String(
        description="CPF or CNPJ, the alphanumeric CNPJ included; a mask is taken off."
    )
    date_of_birth = graphene.Date(description="YYYY-MM-DD, from 1900 to today.")
    address = AddressInput(description="Parts of the address; null clears all of it.")
    locale = graphene.String(
        description="The language of messages and mail: pt-BR or en. It cannot be cleared."
    )


class UpdateProfile(graphene.Mutation):
    """Change what is given of the caller's account, and nothing else. Access: signed in."""

    class Arguments:
        input = UpdateProfileInput(required=True, description="What shall change.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"user": change_profile(input, info.context.signed_in)}


update_profile = signed_in(UpdateProfile.Field())
