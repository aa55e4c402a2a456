"""Computes the cost of an operation: its fields, each times the sizes of the pages around it.

A field of a connection type multiplies the cost below it by its `first` or `last`, or by the
default page size. Any other list of objects multiplies it by the default page size. The cost of a
fragment is computed once. Documents must be valid.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema.engine.limits import Limits, limit_error

PAGE_ARGUMENTS = {"first", "last"}
CONNECTION = {"edges", "pageInfo"}


@dataclass(frozen=True)
class PageSizes:
    """The rows of a page: those of a request that names no size, and the most allowed."""

    default: int = 20
    largest: int = 100


@dataclass(frozen=True)
class VariableCost:
    """The cost of an operation that takes the size of a page from a variable.

    names: the variables that are page sizes.
    harmless: a size up to which any page keeps the operation within its limit.
    """

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    limits: Limits
    page_sizes: PageSizes
    names: frozenset[str]
    harmless: int

    def check(self, variables: Mapping[str, Any]) -> None:
        """Raise EngineError when the operation costs too much with these coerced variables."""
        for name in self.names:
            if (variables.get(name) or self.page_sizes.default) > self.harmless:
                break
        else:
            return
        walk = _CostWalk(self.schema, self.document, self.page_sizes, variables.get)
        if walk.compute(self.operation) > self.limits.max_cost:
            raise limit_error("cost", self.limits)


def check_costs(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits, page_sizes: PageSizes
) -> dict[str | None, VariableCost]:
    """Return the operations, by name, whose cost depends on their variables.

    Raises EngineError for an operation that costs too much whatever its variables are.
    """
    names: set[str] = set()

    def note_variable(name: str) -> int:
        names.add(name)
        return 1

    least = _CostWalk(schema, document, page_sizes, note_variable)
    largest = _CostWalk(schema, document, page_sizes, lambda name: page_sizes.largest)
    costs: dict[str | None, VariableCost] = {}
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        if least.compute(node) > limits.max_cost:
            raise limit_error("cost", limits)
        if names:
            harmless = page_sizes.largest if largest.compute(node) <= limits.max_cost else 0
            costs[node.name.value if node.name else None] = VariableCost(
                schema, document, node, limits, page_sizes, frozenset(names), harmless
            )
    return costs


class _CostWalk:
    """Computes the cost of a document's operations; `size_of` returns a variable's value."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        page_sizes: PageSizes,
        size_of: Callable[[str], int | None],
    ) -> None:
        self._schema, self._page_sizes, self._size_of = schema, page_sizes, size_of
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._fragment_costs: dict[str, int] = {}

    def compute(self, operation: OperationDefinitionNode) -> int:
        """Compute the cost of one operation."""
        root = self._schema.get_root_type(operation.operation)
        return self._compute_selection(operation.selection_set, root)

    def _compute_selection(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None
    ) -> int:
        """Compute a selection's cost. Without a parent (introspection) each field costs one."""
        cost = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                field = getattr(parent, "fields", {}).get(node.name.value)
                type_ = get_named_type(field.type) if field else None
                below = self._compute_selection(node.selection_set, type_)
                cost += 1 + below * (self._find_page_size(node, field.type, parent) if field else 1)
            elif isinstance(node, FragmentSpreadNode):
                cost += self._compute_fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                cost += self._compute_selection(node.selection_set, self._find_type(node) or parent)
        return cost

    def _compute_fragment(self, name: str) -> int:
        if name not in self._fragment_costs:
            node = self._fragments[name]
            self._fragment_costs[name] = self._compute_selection(
                node.selection_set, self._find_type(node)
            )
        return self._fragment_costs[name]

    def _find_type(self, node: Any) -> GraphQLNamedType | None:
        name = node.type_condition.name.value if node.type_condition else "__"
        return None if name.startswith("__") else self._schema.get_type(name)

    def _find_page_size(self, node: FieldNode, type_: Any, parent: GraphQLNamedType | None) -> int:
        default = self._page_sizes.default
        if not _is_connection(get_named_type(type_)):
            in_page = _is_connection(parent)  # the connection has multiplied by its size
            return default if is_list_type(get_nullable_type(type_)) and not in_page else 1
        values = [
            argument.value for argument in node.arguments if argument.name.value in PAGE_ARGUMENTS
        ]
        sizes = [size for value in values if (size := self._read_number(value)) is not None]
        return max(1, *sizes) if sizes else default

    def _read_number(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return self._size_of(value.name.value)
        return int(value.value) if isinstance(value, IntValueNode) else None


def _is_connection(type_: GraphQLNamedType | None) -> bool:
    return getattr(type_, "fields", {}).keys() >= CONNECTION
