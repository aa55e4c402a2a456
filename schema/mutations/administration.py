"""Administration of one account: activate, set roles, delete."""

import graphene

from app.accounts import administration
from app.permissions import Permission
from schema.guard import permission
from schema.mutations.payloads import DeletedPayload, UserPayload
from schema.types import Role


class SetUserActiveInput(graphene.InputObjectType):
    """Whether the account may sign in."""

    user_id = graphene.ID(required=True, description="The account's id.")
    active = graphene.Boolean(
        required=True, description="False deactivates the account, true activates it again."
    )


class SetUserActive(graphene.Mutation):
    """Deactivate an account, which ends its sessions at once, or activate it again. LAST_ADMIN for
    the last administrator who can sign in. Access: USERS_WRITE."""

    class Arguments:
        input = SetUserActiveInput(required=True, description="The account and its new state.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        caller = info.context.signed_in
        return {"user": administration.set_user_active(input["user_id"], input["active"], caller)}


class SetUserRolesInput(graphene.InputObjectType):
    """The new roles of an account."""

    user_id = graphene.ID(required=True, description="The account's id.")
    roles = graphene.List(
        graphene.NonNull(Role),
        required=True,
        description="At least one role. The role USER is always kept.",
    )


class SetUserRoles(graphene.Mutation):
    """Change the roles of an account. The change takes effect with its next request. LAST_ADMIN for
    the last administrator who can sign in. Access: ROLES_WRITE."""

    class Arguments:
        input = SetUserRolesInput(required=True, description="The account and its new roles.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        caller, roles = info.context.signed_in, [role.value for role in input["roles"]]
        return {"user": administration.set_user_roles(input["user_id"], roles, caller)}


class DeleteUserInput(graphene.InputObjectType):
    """The account to delete."""

    user_id = graphene.ID(required=True, description="The account's id.")


class DeleteUser(graphene.Mutation):
    """Delete an account and all personal data, for good. LAST_ADMIN for the last administrator who
    can sign in. Access: USERS_DELETE."""

    class Arguments:
        input = DeleteUserInput(required=True, description="The account.")

    Output = DeletedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"deleted_id": administration.delete_user(input["user_id"], info.context.signed_in)}


set_user_active = permission(Permission.USERS_WRITE)(SetUserActive.Field())
set_user_roles = permission(Permission.ROLES_WRITE)(SetUserRoles.Field())
delete_user = permission(Permission.USERS_DELETE)(DeleteUser.Field())
