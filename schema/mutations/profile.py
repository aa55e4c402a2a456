"""Update the profile of the caller."""

import graphene

from app.accounts.profile import update_profile as change_profile
from schema.guard import signed_in
from schema.mutations.payloads import UserPayload
from schema.mutations.profile_inputs import make_input, update_fields

UpdateProfileInput = make_input(
    "UpdateProfileInput",
    "Only what is given changes; null clears what may be empty.",
    update_fields(),
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
