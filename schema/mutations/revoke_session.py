"""End one session of the account."""

import graphene

from app.accounts import revoke_session as use_case
from schema.guard import signed_in
from schema.types import Session


class RevokeSessionInput(graphene.InputObjectType):
    """Which session to end."""

    session_id = graphene.ID(
        required=True, description="The id of a session, from `me { sessions { id } }`."
    )


class RevokeSessionPayload(graphene.ObjectType):
    """The session that was ended."""

    session = graphene.Field(Session, description="The session, as it was before it ended.")


class RevokeSession(graphene.Mutation):
    """End one session of the account. Its tokens are revoked at once. DOES_NOT_EXIST for the
    session of another account, and for one that has ended. Access: signed in."""

    class Arguments:
        input = RevokeSessionInput(required=True, description="The session.")

    Output = RevokeSessionPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"session": use_case.revoke_session(input["session_id"], info.context.signed_in)}


revoke_session = signed_in(RevokeSession.Field())
