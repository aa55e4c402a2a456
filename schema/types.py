"""Object types generated from documents, and enums. The only file that touches documents."""

from enum import Enum
from typing import Any

import graphene
from graphene_mongo import MongoengineObjectType

from app import errors
from app.accounts.security_events import list_events
from app.accounts.session_list import ListedSession, list_sessions
from app.accounts.user_list import OrderDirection as Direction
from app.models import security_event
from app.models import session as sessions
from app.models import user as documents
from app.models import user_list as users
from app.models.security_event import SecurityEventType as Happened
from app.models.user import UserRecord
from schema.cursors import Cursors
from schema.guard import owner_or_admin
from schema.pagination import Page, PageInfo

ROLES = {
    documents.Role.USER: "An account like any other.",
    documents.Role.ADMIN: "May see and manage every account.",
}
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


Role = _enum(documents.Role, ROLES)
SecurityEventType = _enum(Happened, EVENT_TYPES)
UserOrderField = _enum(users.UserOrderField, ORDER_FIELDS)
OrderDirection = _enum(Direction, DIRECTIONS)
ErrorCode = _enum(errors.ErrorCode, {code: code.description for code in errors.ErrorCode})
ErrorReason = _enum(errors.ErrorReason, {why: why.description for why in errors.ErrorReason})


class Address(MongoengineObjectType):
    class Meta:
        model = documents.Address
        description = "A postal address."
        only_fields = (
            "zip_code",
            "street",
            "number",
            "complement",
            "neighborhood",
            "city",
            "state",
            "country",
        )

    is_type_of = None  # resolvers give the stored values, not hydrated documents


class Session(MongoengineObjectType):
    class Meta:
        model = sessions.Session
        description = "One login on one device, live as long as the account lists it."
        only_fields = ("ip_address", "created_at", "last_used_at", "expires_at")

    is_type_of = None  # see User, for this and the id
    id = graphene.ID(required=True, description=sessions.Session.id.help_text)
    resolve_id = None
    current = graphene.Boolean(required=True, description="The session of the token that asks.")
    device = graphene.String(description=DEVICE)


class SecurityEvent(MongoengineObjectType):
    class Meta:
        model = security_event.SecurityEvent
        description = "Something that happened to an account."
        only_fields = ("at", "ip_address")

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
        only_fields = (
            "email",
            "email_verified",
            "full_name",
            "cpf_cnpj",
            "date_of_birth",
            "address",
            "locale",
            "active",
            "created_at",
            "updated_at",
            "last_login_at",
        )

    is_type_of = None  # resolvers give records, not hydrated documents

    # graphene-mongo would add the column's name to the one's description, and to the other's enum
    # an ending, and let its values be null
    id = graphene.ID(required=True, description=documents.User.id.help_text)
    resolve_id = None  # graphene-mongo's does what reading does, and keeps rows from being plain
    roles = graphene.List(
        graphene.NonNull(Role), required=True, description=documents.User.roles.help_text
    )
    sessions = graphene.List(
        graphene.NonNull(Session),
        required=True,
        description="Live sessions, newest first. The user's own, or any for an ADMIN.",
    )
    security_events = graphene.Field(
        SecurityEventConnection,
        required=True,
        first=graphene.Int(description="How many rows: 20 unless told, at most 100."),
        after=graphene.String(description="The cursor of the row before the page."),
        description="What happened to this account, newest first. The user's own, or any for an "
        "ADMIN.",
    )

    @staticmethod
    def resolve_sessions(account: UserRecord, info: graphene.ResolveInfo) -> list[ListedSession]:
        return list_sessions(account, owner_or_admin(info, account.id).session_id)

    @staticmethod
    def resolve_security_events(
        account: UserRecord, info: graphene.ResolveInfo, **asked: Any
    ) -> Page:
        owner_or_admin(info, account.id)
        cursors = Cursors(f"events of {account.id}", "at")
        return Page(cursors, list_events(account.id, cursors.slice_of(**asked)))
