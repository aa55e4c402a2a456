"""Measures definitions of a document: fields, depth, aliases, fragments.

A definition is walked once, without recursion. The figures of a fragment are then added wherever
it is spread. So the time is linear in the document, however its fragments are nested.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

INTROSPECTION = {"__schema", "__type"}


class FragmentCycleError(Exception):
    """A fragment spreads itself, directly or through other fragments."""


@dataclass(slots=True)
class DefinitionMetrics:
    """The figures of one definition. `add_fragments` adds those of the fragments it spreads."""

    fields: int = 0
    spread_count: int = 0
    directives: int = 0
    depth: int = 0
    introspection_depth: int = 0
    aliases: set[tuple[str, str]] = field(default_factory=set)  # a field's name and alias
    roots: dict[str, str] = field(default_factory=dict)  # root fields: response key, name
    root_spreads: set[str] = field(default_factory=set)
    # (a fragment's name, whether below __schema or __type): the depths at which it is spread
    spreads: dict[tuple[str, bool], list[int]] = field(default_factory=dict)
    expanded: bool | None = False  # None: its fragments are being added

    def deepen(self, depth: int, below_introspection: bool) -> None:
        """Raise the depth to `depth`, if it is lower."""
        if below_introspection:
            self.introspection_depth = max(self.introspection_depth, depth)
        else:
            self.depth = max(self.depth, depth)


def measure(definition: ExecutableDefinitionNode) -> DefinitionMetrics:
    """Measure a definition without the fragments it spreads."""
    metrics = DefinitionMetrics(directives=len(definition.directives))
    for variable in definition.variable_definitions or ():
        metrics.directives += len(variable.directives)
    stack: list[tuple[SelectionSetNode, int, bool]] = [(definition.selection_set, 0, False)]
    while stack:
        selections, depth, introspects = stack.pop()
        for node in selections.selections:
            metrics.directives += len(node.directives)
            if isinstance(node, FieldNode):
                below = _count_field(metrics, node, depth, introspects)
                if node.selection_set:
                    stack.append((node.selection_set, *below))
            elif isinstance(node, FragmentSpreadNode):
                metrics.spread_count += 1
                metrics.spreads.setdefault((node.name.value, introspects), []).append(depth)
                if depth == 0:
                    metrics.root_spreads.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                metrics.spread_count += 1
                stack.append((node.selection_set, depth, introspects))
    return metrics


def _count_field(
    metrics: DefinitionMetrics, node: FieldNode, depth: int, introspects: bool
) -> tuple[int, bool]:
    """Count a field. Return the depth of its selection, and whether that is introspection."""
    name, alias = node.name.value, node.alias
    metrics.fields += 1
    if alias:
        metrics.aliases.add((name, alias.value))
    if depth == 0 and not introspects:
        metrics.roots[alias.value if alias else name] = name
    if name in INTROSPECTION and not introspects:
        depth, introspects = 0, True
    metrics.deepen(depth + 1, introspects)
    return depth + 1, introspects


def add_fragments(metrics: DefinitionMetrics, fragments: Mapping[str, DefinitionMetrics]) -> None:
    """Add the figures of the fragments that are spread, once. Raises FragmentCycleError."""
    if metrics.expanded:
        return
    if metrics.expanded is None:
        raise FragmentCycleError
    metrics.expanded = None
    for (name, introspects), depths in metrics.spreads.items():
        if fragment := fragments.get(name):
            add_fragments(fragment, fragments)
            depth = max(depths)
            metrics.fields += len(depths) * fragment.fields
            metrics.deepen(depth + fragment.depth, introspects)
            if fragment.introspection_depth:
                metrics.deepen(depth * introspects + fragment.introspection_depth, True)
            metrics.aliases |= fragment.aliases
            if name in metrics.root_spreads:
                metrics.roots |= fragment.roots
    metrics.expanded = True
