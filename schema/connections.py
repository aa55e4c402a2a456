"""Connections of types that are generated from documents."""

import graphene

from schema.pagination import PageInfo
from schema.types import User


class UserEdge(graphene.ObjectType):
    """One row of a page."""

    cursor = graphene.String(required=True, description="Where the row stands: pass it as `after`.")
    node = graphene.Field(User, required=True, description="The account.")


class UserConnection(graphene.ObjectType):
    """Pages by key, never by skipping: the last page of a million users costs what the first
    does."""

    edges = graphene.List(
        graphene.NonNull(UserEdge), required=True, description="The rows, in order."
    )
    page_info = graphene.Field(PageInfo, required=True, description="What lies around the page.")
    total_count = graphene.Int(required=True, description="All rows. Counted only when asked for.")
