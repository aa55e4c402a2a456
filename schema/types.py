"""Object types generated from documents, and enums. The only file that touches documents."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import graphene
from graphene.utils.str_converters import to_camel_case
from graphene_mongo import MongoengineObjectType

from app import errors
from app.accounts.account_access import require_owner_or
from app.accounts.security_events import list_events
from app.accounts.session_list import ListedSession, list_sessions
from app.accounts.user_list import OrderDirection as Direction
from app.described import Described
from app.models import security_event
from app.models import session as sessions
from app.models import user as documents
from app.models import user_list as users
from app.models.export_policy import published_fields
from app.models.security_event import SecurityEventType as Happened
from app.models.user import UserRecord
from app.permissions import PERMISSIONS, ROLES, permissions_of
from app.permissions import Permission as AccountPermission
from app.permissions import Role as RoleRow
from app.profile_fields import refuse_taken_names
from schema.cursors import Cursors
from schema.pagination import Connection, PageInfo

EVENT_TYPES = {
    Happened.REGISTERED: "The account was made.",
    Happened.LOGGED_IN: "E-mail and password opened a session.",
    Happened.LOGIN_REFUSED: "Somebody gave a wrong password, or the account was inactive.",
    Happened.LOGGED_OUT: "A session was ended by itself, or all were at once.",
    Happened.SESSION_REVOKED: "One session was ended by another.",
    Happened.TOKEN_REUSED: "A used refresh token came again: its session was ended.",
    Happened.EMAIL_VERIFIED: "The address was proved to be the owner's.",
    Happened.EMAIL_CHANGED: "The account moved to another address.",
    Happened.PASSWORD_CHANGED: "The password was changed by whoever knew it.",
    Happened.PASSWORD_RESET: "The password was changed by a link sent to the address.",
    Happened.PROFILE_UPDATED: "The person's data was changed.",
    Happened.DATA_EXPORTED: "All data of the account was handed out.",
    Happened.DEACTIVATED: "The account was closed, for the time being.",
    Happened.ACTIVATED: "An administrator opened the account again.",
    Happened.ROLES_CHANGED: "An administrator changed what the account may do.",
}
ORDER_FIELDS = {
    users.UserOrderField.CREATED_AT: "When the account was made.",
    users.UserOrderField.EMAIL: "The address.",
    users.UserOrderField.FULL_NAME: "The name, whatever its case and accents.",
}
DIRECTIONS = {
    Direction.ASC: "The oldest first, or A before Z.",
    Direction.DESC: "The newest first, or Z before A.",
}
DEVICE = "The browser and the system, such as `Firefox, Windows`; null when neither is known."


def _enum(enum: type[Enum], described: dict[Enum, str]) -> type[graphene.Enum]:
    """The GraphQL enum of a Python one, every value with its description."""
    summary = enum.__doc__
    return graphene.Enum.from_enum(
        enum, description=lambda value: described[value] if value else summary
    )


def _named_enum(
    name: str, description: str, members: Mapping[str, Described | RoleRow | errors.AnyErrorReason]
) -> type[graphene.Enum]:
    """The GraphQL enum of a table of described values; each value stands for its own name."""

    def describe(value: Enum | None) -> str:
        return members[value.name].description if value else description

    return graphene.Enum(name, {name: name for name in members}, description=describe)


Role = _named_enum("Role", "A role of an account: what it may do beyond its own affairs.", ROLES)
Permission = _named_enum("Permission", "What a role may allow.", PERMISSIONS)
SecurityEventType = _enum(Happened, EVENT_TYPES)
UserOrderField = _enum(users.UserOrderField, ORDER_FIELDS)
OrderDirection = _enum(Direction, DIRECTIONS)
ErrorCode = _enum(errors.ErrorCode, {code: code.description for code in errors.ErrorCode})
ErrorReason = _named_enum("ErrorReason", errors.ErrorReason.__doc__ or "", errors.REASONS)


class Address(MongoengineObjectType):
    class Meta:
        model = documents.Address
        description = "A postal address."
        only_fields = published_fields(documents.Address)

    is_type_of = None  # resolvers give the stored values, not hydrated documents


class Session(MongoengineObjectType):
    class Meta:
        model = sessions.Session
        description = "One login on one device, live as long as the account lists it."
        only_fields = published_fields(sessions.Session)

    is_type_of = None  # see User, for this and the id
    id = graphene.ID(required=True, description=sessions.Session.id.help_text)
    resolve_id = None
    current = graphene.Boolean(required=True, description="The session of the token that asks.")
    device = graphene.String(description=DEVICE)


class SecurityEvent(MongoengineObjectType):
    class Meta:
        model = security_event.SecurityEvent
        description = "Something that happened to an account."
        only_fields = published_fields(security_event.SecurityEvent)

    is_type_of = None  # see User, for this and the id
    id = graphene.ID(required=True, description=security_event.SecurityEvent.id.help_text)
    resolve_id = None
    type = graphene.Field(
        SecurityEventType,
        required=True,
        description=security_event.SecurityEvent.type.help_text,
    )
    device = graphene.String(description=DEVICE)


class SecurityEventEdge(graphene.ObjectType):
    """One row of a page."""

    cursor = graphene.String(required=True, description="Where the row stands: pass it as `after`.")
    node = graphene.Field(SecurityEvent, required=True, description="The event.")


class SecurityEventConnection(graphene.ObjectType):
    """Pages by key, never by skipping."""

    edges = graphene.List(
        graphene.NonNull(SecurityEventEdge), required=True, description="The rows, in order."
    )
    page_info = graphene.Field(PageInfo, required=True, description="What lies around the page.")


class User(MongoengineObjectType):
    class Meta:
        model = documents.User
        description = (
            "An account. Generated from the User document, field by field; "
            "the password hash is never a field."
        )
        only_fields = published_fields(documents.User)

    is_type_of = None  # resolvers give records, not hydrated documents

    # graphene-mongo would add the column's name to the one's description, and to the other's enum
    # an ending, and let its values be null
    id = graphene.ID(required=True, description=documents.User.id.help_text)
    resolve_id = None  # graphene-mongo's does what reading does, and keeps rows from being plain
    roles = graphene.List(
        graphene.NonNull(Role), required=True, description=documents.User.roles.help_text
    )
    permissions = graphene.List(
        graphene.NonNull(Permission),
        description="What its roles allow. The user's own, or with USERS_READ.",
    )
    sessions = graphene.List(
        graphene.NonNull(Session),
        description="Live sessions, newest first. The user's own, or with SESSIONS_READ.",
    )
    security_events = graphene.Field(
        SecurityEventConnection,
        first=graphene.Int(description="How many rows: default 20, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        description="What happened to this account, newest first. The user's own, or with "
        "SECURITY_EVENTS_READ.",
    )

    @staticmethod
    def resolve_permissions(account: UserRecord, info: graphene.ResolveInfo) -> list[str]:
        require_owner_or(AccountPermission.USERS_READ, account, info.context.require_viewer())
        allowed = permissions_of(account.roles)
        return [name for name, permission in PERMISSIONS.items() if permission in allowed]

    @staticmethod
    def resolve_sessions(account: UserRecord, info: graphene.ResolveInfo) -> list[ListedSession]:
        viewer, read_before = info.context.require_viewer(), info.context.sessions
        if account.id in read_before:
            return read_before[account.id]
        return list_sessions(account, viewer)

    @staticmethod
    def resolve_security_events(
        account: UserRecord, info: graphene.ResolveInfo, **asked: Any
    ) -> Connection:
        viewer = info.context.require_viewer()
        cursors = Cursors(f"events of {account.id}", "at")
        return Connection(list_events(account, cursors.slice_of(**asked), viewer), cursors)


refuse_taken_names(vars(User), "the GraphQL type User")

NEEDS = {"sessions": {"session_ids"}, "permissions": {"roles"}}
COLUMNS: dict[str, frozenset[str]] = {
    to_camel_case(name): frozenset(NEEDS.get(name, {name} & documents.User._fields.keys()))
    for name in User._meta.fields
}
"""Which fields of the document each GraphQL field of User reads."""


def columns_of(fields: Iterable[str]) -> frozenset[str]:
    """The fields of the document that these GraphQL fields of User read, by their GraphQL names."""
    return frozenset().union(*(COLUMNS.get(name, frozenset()) for name in fields))
