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
from app.models.export_policy import list_published_fields
from app.models.security_event import SecurityEventType as Happened
from app.models.user_records import UserRecord
from app.permissions import PERMISSIONS, ROLES, permissions_of
from app.permissions import Permission as AccountPermission
from app.permissions import Role as RoleRow
from app.profile_fields import refuse_taken_names
from schema.cursors import Cursors
from schema.pagination import Connection, PageInfo

EVENT_TYPES = {
    Happened.REGISTERED: "The account was created.",
    Happened.LOGGED_IN: "A session was opened by signing in.",
    Happened.LOGIN_REFUSED: "A sign-in was refused: wrong password, or inactive account.",
    Happened.LOGGED_OUT: "The owner signed out, of one session or of all.",
    Happened.SESSION_REVOKED: "The owner ended another session.",
    Happened.TOKEN_REUSED: "A refresh token was used twice, so its session was ended.",
    Happened.EMAIL_VERIFIED: "The e-mail address was verified.",
    Happened.EMAIL_CHANGED: "The e-mail address was changed.",
    Happened.PASSWORD_CHANGED: "The owner changed the password.",
    Happened.PASSWORD_RESET: "The password was reset by a link sent to the e-mail address.",
    Happened.PROFILE_UPDATED: "The profile was changed.",
    Happened.DATA_EXPORTED: "All data of the account was exported.",
    Happened.DEACTIVATED: "The account was deactivated.",
    Happened.ACTIVATED: "An administrator activated the account again.",
    Happened.ROLES_CHANGED: "An administrator changed the roles of the account.",
}
ORDER_FIELDS = {
    users.UserOrderField.CREATED_AT: "When the account was created.",
    users.UserOrderField.EMAIL: "The e-mail address.",
    users.UserOrderField.FULL_NAME: "The name, without regard to case and accents.",
}
DIRECTIONS = {
    Direction.ASC: "Oldest first, or A to Z.",
    Direction.DESC: "Newest first, or Z to A.",
}
DEVICE = (
    "The browser and the operating system, such as `Firefox, Windows`. Null when both are unknown."
)


def _enum(enum: type[Enum], described: Mapping[Any, str]) -> type[graphene.Enum]:
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
        only_fields = list_published_fields(documents.Address)

    is_type_of = None  # resolvers give the stored values, not hydrated documents


class Session(MongoengineObjectType):
    class Meta:
        model = sessions.Session
        description = "One sign-in on one device. A session ends when it is revoked or expires."
        only_fields = list_published_fields(sessions.Session)

    is_type_of = None  # see User, for this and the id
    id = graphene.ID(required=True, description=sessions.Session.id.help_text)
    resolve_id = None
    current = graphene.Boolean(
        required=True, description="Whether it is the session of the access token of this request."
    )
    device = graphene.String(description=DEVICE)


class SecurityEvent(MongoengineObjectType):
    class Meta:
        model = security_event.SecurityEvent
        description = "Something that happened to an account."
        only_fields = list_published_fields(security_event.SecurityEvent)

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
    """One row of a page, with its cursor."""

    cursor = graphene.String(
        required=True, description="The position of the row. Pass it as `after` or `before`."
    )
    node = graphene.Field(SecurityEvent, required=True, description="The event.")


class SecurityEventConnection(graphene.ObjectType):
    """A page of security events."""

    edges = graphene.List(
        graphene.NonNull(SecurityEventEdge),
        required=True,
        description="The rows of the page, in order.",
    )
    page_info = graphene.Field(
        PageInfo,
        required=True,
        description="Whether there are more rows before and after the page.",
    )


class User(MongoengineObjectType):
    class Meta:
        model = documents.User
        description = "An account."
        only_fields = list_published_fields(documents.User)

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
        description="Security events of this account, newest first. The user's own, or with "
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
