"""Update the profile of the caller."""

import graphene

from app.accounts.profile import update_profile as change_profile
from schema.guard import signed_in
from schema.mutations.payloads import UserPayload
from schema.mutations.profile_inputs import make_input, update_fields

UpdateProfileInput = make_input(
    "UpdateProfileInput",
    "Fields that are left out stay as they are. Null clears an optional field.",
    update_fields(),
)


class UpdateProfile(graphene.Mutation):
    """Change the profile of the caller's account. Access: signed in."""

    class Arguments:
        input = UpdateProfileInput(required=True, description="The changes.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"user": change_profile(input, info.context.signed_in)}


update_profile = signed_in(UpdateProfile.Field())
