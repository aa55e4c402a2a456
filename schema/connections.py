"""Connections of types that are generated from documents."""

import graphene

from schema.pagination import PageInfo
from schema.types import User


class UserEdge(graphene.ObjectType):
    """One row of a page, with its cursor."""

    cursor = graphene.String(
        required=True, description="The position of the row. Pass it as `after` or `before`."
    )
    node = graphene.Field(User, required=True, description="The account.")


class UserConnection(graphene.ObjectType):
    """A page of accounts. Every page costs the same, the last one too."""

    edges = graphene.List(
        graphene.NonNull(UserEdge), required=True, description="The rows of the page, in order."
    )
    page_info = graphene.Field(
        PageInfo,
        required=True,
        description="Whether there are more rows before and after the page.",
    )
    total_count = graphene.Int(required=True, description="How many accounts match, on all pages.")
