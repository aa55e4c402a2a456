"""The root fields and commands of the administration."""

from app.cli.accounts import account_commands
from app.extension import Parts
from schema.mutations import administration as mutations
from schema.queries import administration as queries

PARTS = Parts(
    queries={"user": queries.user, "users": queries.users},
    mutations={
        "set_user_active": mutations.set_user_active,
        "set_user_roles": mutations.set_user_roles,
        "delete_user": mutations.delete_user,
    },
    commands=[account_commands],
)
