"""The options that an application passes to the engine."""

from dataclasses import dataclass, field

from schema.engine.cost import PageSizes
from schema.engine.document_limits import RootMutationLimits
from schema.engine.leaf_columns import LeafShortcut
from schema.engine.limits import Limits
from schema.engine.persisted import AutomaticOperations, PersistedOperations
from schema.engine.presentation import Presentation


@dataclass(frozen=True, kw_only=True)
class Options:
    """How an Executor runs operations.

    introspection: whether documents may query the schema, and errors may suggest names.
    compiled: whether operations are compiled; if not, graphql-core's own executor runs them.
    page_sizes: for the cost of an operation.
    root_mutation_limits: how often one operation may call a root mutation: the field, the limit's
    name in the error, and the maximum.
    leaf_shortcuts: faster conversions of leaf values: see leaf_columns.py.
    persisted: finds documents by their hash.
    presentation: words errors for clients.
    """

    limits: Limits = Limits()  # noqa: RUF009  frozen
    introspection: bool = False
    compiled: bool = True
    page_sizes: PageSizes = PageSizes()  # noqa: RUF009  frozen
    root_mutation_limits: RootMutationLimits = field(default_factory=dict)
    leaf_shortcuts: tuple[LeafShortcut, ...] = ()
    persisted: PersistedOperations = field(default_factory=AutomaticOperations)
    presentation: Presentation = Presentation()  # noqa: RUF009  frozen
