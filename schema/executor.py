"""The engine, configured for this schema."""

from datetime import datetime

import graphene
from bson import ObjectId
from graphql import GraphQLID

from app.accounts.pagination import LARGEST_PAGE, PAGE_SIZE
from schema.engine.cost import PageSizes
from schema.engine.execution import Executor
from schema.engine.leaf_columns import LeafShortcut
from schema.engine.limits import Limits
from schema.engine.options import Options
from schema.engine.persisted import AutomaticOperations, PersistedOperations
from schema.error_presentation import PRESENTATION

LEAF_SHORTCUTS: tuple[LeafShortcut, ...] = (
    (GraphQLID.serialize, ObjectId, lambda values: [value.binary.hex() for value in values]),
    (graphene.DateTime.serialize, datetime, lambda values: list(map(datetime.isoformat, values))),
)


def build_executor(
    schema: graphene.Schema,
    *,
    limits: Limits | None = None,
    max_logins: int = 1,
    introspection: bool = False,
    compiled: bool = True,
    persisted: PersistedOperations | None = None,
) -> Executor:
    """Build the executor of a schema.

    max_logins: how often one operation may call `login`. The other arguments are the engine's
    options; by default persisted operations are kept in this process only.
    """
    return Executor(
        schema.graphql_schema,
        Options(
            limits=limits or Limits(),
            introspection=introspection,
            compiled=compiled,
            page_sizes=PageSizes(default=PAGE_SIZE, largest=LARGEST_PAGE),
            root_mutation_limits={"login": ("logins", max_logins)},
            leaf_shortcuts=LEAF_SHORTCUTS,
            persisted=persisted or AutomaticOperations(),
            presentation=PRESENTATION,
        ),
    )
