"""What an administrator does to one account."""

import graphene

from app.accounts import administration
from app.permissions import Permission
from schema.guard import permission
from schema.mutations.payloads import DeletedPayload, UserPayload
from schema.types import Role


class SetUserActiveInput(graphene.InputObjectType):
    """Whether an account may sign in."""

    user_id = graphene.ID(required=True, description="The account's id.")
    active = graphene.Boolean(required=True, description="False closes it, true opens it again.")


class SetUserActive(graphene.Mutation):
    """Close an account, which ends its sessions at once, or open it again. The last administrator
    who can sign in stays: LAST_ADMIN. Access: USERS_WRITE."""

    class Arguments:
        input = SetUserActiveInput(required=True, description="Which account; open or closed.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        caller = info.context.signed_in
        return {"user": administration.set_user_active(input["user_id"], input["active"], caller)}


class SetUserRolesInput(graphene.InputObjectType):
    """What an account may do."""

    user_id = graphene.ID(required=True, description="The account's id.")
    roles = graphene.List(
        graphene.NonNull(Role), required=True, description="At least one. USER is always kept."
    )


class SetUserRoles(graphene.Mutation):
    """Change what an account may do, from its next request on. The last administrator who can sign
    in stays one: LAST_ADMIN. Access: ROLES_WRITE."""

    class Arguments:
        input = SetUserRolesInput(required=True, description="Which account, and its roles.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        caller, roles = info.context.signed_in, [role.value for role in input["roles"]]
        return {"user": administration.set_user_roles(input["user_id"], roles, caller)}


class DeleteUserInput(graphene.InputObjectType):
    """Which account to remove."""

    user_id = graphene.ID(required=True, description="The account's id.")


class DeleteUser(graphene.Mutation):
    """Remove an account and all that is kept of the person, for good. The last administrator who
    can sign in stays: LAST_ADMIN. Access: USERS_DELETE."""

    class Arguments:
        input = DeleteUserInput(required=True, description="Which account.")

    Output = DeletedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"deleted_id": administration.delete_user(input["user_id"], info.context.signed_in)}


set_user_active = permission(Permission.USERS_WRITE)(SetUserActive.Field())
set_user_roles = permission(Permission.ROLES_WRITE)(SetUserRoles.Field())
delete_user = permission(Permission.USERS_DELETE)(DeleteUser.Field())
