"""End the session in use."""

import graphene

from app.accounts import logout as use_case
from schema.guard import signed_in
from schema.mutations.payloads import LogoutPayload


class Logout(graphene.Mutation):
    """End the session of this request. Its tokens are revoked at once. Access: signed in."""

    Output = LogoutPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo) -> dict:
        return {"sessions_ended": use_case.logout(info.context.signed_in)}


logout = signed_in(Logout.Field())
