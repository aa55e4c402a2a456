"""Permissions and roles: the one table of what each role allows."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.described import Described


class AnyPermission(Described):
    """Base of all permissions. An extension defines its own in a subclass."""


class Permission(AnyPermission):
    """What a role may allow. ADMIN has all of them; SUPPORT those that end in READ."""

    USERS_READ = "See the accounts of others, without sensitive data."
    USERS_READ_SENSITIVE = "See the CPF or CNPJ, date of birth and address of others."
    USERS_WRITE = "Activate and deactivate accounts, and reset access to them."
    USERS_DELETE = "Delete accounts."
    USERS_IMPERSONATE = "Act as another account for a short time."
    ROLES_WRITE = "Change the roles of accounts."
    SESSIONS_READ = "See the sessions of other accounts."
    SECURITY_EVENTS_READ = "See the security events of other accounts."
    API_KEYS_MANAGE = "Create and revoke API keys."
    WEBHOOKS_MANAGE = "Create, change and delete webhooks."
    TOKENS_INTROSPECT = "Ask whether an access token is valid."
    FEDERATE = "Be the gateway of a federated graph."


@dataclass(frozen=True)
class Role:
    """A role: accounts store its name.

    permissions: what it allows beyond the account's own affairs.
    """

    name: str
    description: str
    permissions: frozenset[AnyPermission] = frozenset()


USER = Role("USER", "Has no permissions over other accounts. Every account has this role.")
SUPPORT = Role(
    "SUPPORT",
    "May see accounts, sessions and security events, but no sensitive data.",
    frozenset({Permission.USERS_READ, Permission.SESSIONS_READ, Permission.SECURITY_EVENTS_READ}),
)
ADMIN = Role("ADMIN", "Has every permission.")  # see `permissions_of`

ROLES: dict[str, Role] = {role.name: role for role in (USER, SUPPORT, ADMIN)}
PERMISSIONS: dict[str, AnyPermission] = dict(Permission.__members__)


def permissions_of(roles: Iterable[str]) -> frozenset[AnyPermission]:
    """All that these roles allow, given by their names. ADMIN allows everything.

    The name of a role that is not defined any more allows nothing.
    """
    names = set(roles)
    if ADMIN.name in names:
        return frozenset(PERMISSIONS.values())
    return frozenset().union(*(ROLES[name].permissions for name in names if name in ROLES))
