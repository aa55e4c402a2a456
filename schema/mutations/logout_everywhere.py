"""End all sessions of the account."""

import graphene

from app.accounts import logout_everywhere as use_case
from schema.guard import signed_in
from schema.mutations.payloads import LogoutPayload


class LogoutEverywhereInput(graphene.InputObjectType):
    """Which sessions to end."""

    except_current = graphene.Boolean(
        default_value=False, description="Whether to keep the session of this request."
    )


class LogoutEverywhere(graphene.Mutation):
    """End all sessions of the account. Their tokens are revoked at once. Access: signed in."""

    class Arguments:
        input = LogoutEverywhereInput(description="Which sessions. Default: all.")

    Output = LogoutPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict | None = None) -> dict:
        kept = bool(input and input.get("except_current"))
        ended = use_case.logout_everywhere(info.context.signed_in, except_current=kept)
        return {"sessions_ended": ended}


logout_everywhere = signed_in(LogoutEverywhere.Field())
