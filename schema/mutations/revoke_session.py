"""A person ends one session of the account."""

import graphene

from app.accounts import revoke_session as use_case
from schema.guard import signed_in
from schema.types import Session


class RevokeSessionInput(graphene.InputObjectType):
    """Which session to end."""

    session_id = graphene.ID(required=True, description="One of `me { sessions { id } }`.")


class RevokeSessionPayload(graphene.ObjectType):
    """What was ended."""

    session = graphene.Field(Session, description="The session, as it was.")


class RevokeSession(graphene.Mutation):
    """End one session of the account: its access and refresh tokens die at once. Another's session,
    and one that ended before, answer alike: DOES_NOT_EXIST. Access: signed in."""

    class Arguments:
        input = RevokeSessionInput(required=True, description="Which session.")

    Output = RevokeSessionPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"session": use_case.revoke_session(input["session_id"], info.context.signed_in)}


revoke_session = signed_in(RevokeSession.Field())
