"""Object types generated from documents, and enums. The only file that touches documents."""

from enum import Enum

import graphene
from graphene_mongo import MongoengineObjectType

from app import errors
from app.models import user as documents

ROLES = {
    documents.Role.USER: "An account like any other.",
    documents.Role.ADMIN: "May see and manage every account.",
}


def _enum(enum: type[Enum], described: dict[Enum, str]) -> type[graphene.Enum]:
    """The GraphQL enum of a Python one, every value with its description."""
    summary = enum.__doc__
    return graphene.Enum.from_enum(
        enum, description=lambda value: described[value] if value else summary
    )


Role = _enum(documents.Role, ROLES)
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
