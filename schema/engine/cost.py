"""What an operation costs: its fields, each times the sizes of the pages it stands in.

A field of a connection type multiplies what is below it by its `first` or `last`, 20 without
them. So does any other list of objects, by 20: there are mostly fewer. A fragment is costed once,
however often it is spread. Documents must be valid.
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
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from app.accounts.pagination import LARGEST_PAGE, PAGE_SIZE
from schema.engine.limits import Limits, excess

PAGE_ARGUMENTS = {"first", "last"}
CONNECTION = {"edges", "pageInfo"}


@dataclass(frozen=True)
class VariableCost:
    """The cost of an operation that takes the size of a page from a variable."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    limits: Limits
    names: frozenset[str]
    harmless: int  # up to this size, whatever the variables, it stays within the limit

    def refuse_excess(self, variables: Mapping[str, Any]) -> None:
        """Raise AccountError when it costs too much with these coerced variables."""
        for name in self.names:
            if (variables.get(name) or PAGE_SIZE) > self.harmless:
                break
        else:
            return
        walk = _Walk(self.schema, self.document, variables.get)
        if walk.cost(self.operation) > self.limits.max_cost:
            raise excess("cost", self.limits)


def costs_of(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits
) -> dict[str | None, VariableCost]:
    """The operations, by name, whose cost has to be looked at in each run.

    Raises AccountError for one that costs too much whatever its variables.
    """
    names: set[str] = set()
    least = _Walk(schema, document, lambda name: names.add(name) or 1)
    largest = _Walk(schema, document, lambda name: LARGEST_PAGE)
    costs: dict[str | None, VariableCost] = {}
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        if least.cost(node) > limits.max_cost:
            raise excess("cost", limits)
        if names:
            harmless = LARGEST_PAGE if largest.cost(node) <= limits.max_cost else 0
            costs[node.name.value if node.name else None] = VariableCost(
                schema, document, node, limits, frozenset(names), harmless
            )
    return costs


class _Walk:
    """Costs the operations of a document; `size_of` knows the variables."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, size_of: Callable[[str], int | None]
    ) -> None:
        self._schema, self._size_of = schema, size_of
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, int] = {}

    def cost(self, operation: OperationDefinitionNode) -> int:
        """The cost of one operation."""
        root = self._schema.get_root_type(operation.operation)
        return self._below(operation.selection_set, root)

    def _below(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> int:
        """The cost of a selection; without a parent (introspection) each field counts one."""
        cost = 0
        for node in selections.selections if selections else ():
            if type(node) is FieldNode:
                known = getattr(parent, "fields", {}).get(node.name.value)
                type_ = get_named_type(known.type) if known else None
                below = self._below(node.selection_set, type_)
                cost += 1 + below * (self._size(node, known.type, parent) if known else 1)
            elif type(node) is FragmentSpreadNode:
                cost += self._fragment(node.name.value)
            else:
                cost += self._below(node.selection_set, self._condition(node) or parent)
        return cost

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            node = self._fragments[name]
            self._known[name] = self._below(node.selection_set, self._condition(node))
        return self._known[name]

    def _condition(self, node: Any) -> GraphQLNamedType | None:
        name = node.type_condition.name.value if node.type_condition else "__"
        return None if name.startswith("__") else self._schema.get_type(name)

    def _size(self, node: FieldNode, type_: GraphQLOutputType, parent: GraphQLNamedType) -> int:
        if not _is_connection(get_named_type(type_)):
            in_page = _is_connection(parent)  # whose size the connection has multiplied by
            return PAGE_SIZE if is_list_type(get_nullable_type(type_)) and not in_page else 1
        values = [
            argument.value for argument in node.arguments if argument.name.value in PAGE_ARGUMENTS
        ]
        sizes = [size for value in values if (size := self._number(value)) is not None]
        return max(1, *sizes) if sizes else PAGE_SIZE

    def _number(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return self._size_of(value.name.value)
        return int(value.value) if isinstance(value, IntValueNode) else None


def _is_connection(type_: GraphQLNamedType) -> bool:
    return getattr(type_, "fields", {}).keys() >= CONNECTION
