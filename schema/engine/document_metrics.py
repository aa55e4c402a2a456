"""The figures of a definition: how many fields, how deep, which aliases, which fragments.

A definition is walked once, without recursion; a fragment's figures are then added wherever it is
spread, so that the time is linear in the document however its fragments are nested.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
)

INTROSPECTION = {"__schema", "__type"}


class FragmentCycleError(Exception):
    """A fragment spreads itself, if only by others."""


@dataclass(slots=True)
class Shape:
    """A definition's own figures; those of its fragments are added when it is expanded."""

    fields: int = 0
    spread: int = 0
    directives: int = 0
    depth: int = 0
    introspection_depth: int = 0
    aliases: set[tuple[str, str]] = field(default_factory=set)  # a field's name and alias
    roots: dict[str, str] = field(default_factory=dict)  # fields at the top: response key, name
    root_spreads: set[str] = field(default_factory=set)
    # a fragment's name, whether below __schema or __type: the depths it is spread at
    spreads: dict[tuple[str, bool], list[int]] = field(default_factory=dict)
    expanded: bool | None = False  # None: its fragments are being expanded

    def deepen(self, depth: int, below_introspection: bool) -> None:
        """Take note of a depth that is reached."""
        if below_introspection:
            self.introspection_depth = max(self.introspection_depth, depth)
        else:
            self.depth = max(self.depth, depth)


def shape_of(definition: OperationDefinitionNode | FragmentDefinitionNode) -> Shape:
    """The definition's own figures."""
    shape = Shape(directives=len(definition.directives))
    for variable in definition.variable_definitions or ():
        shape.directives += len(variable.directives)
    stack = [(definition.selection_set, 0, False)]
    while stack:
        selections, depth, introspects = stack.pop()
        for node in selections.selections:
            shape.directives += len(node.directives)
            if type(node) is FieldNode:
                below = _note_field(shape, node, depth, introspects)
                if node.selection_set:
                    stack.append((node.selection_set, *below))
            elif type(node) is FragmentSpreadNode:
                shape.spread += 1
                shape.spreads.setdefault((node.name.value, introspects), []).append(depth)
                if depth == 0:
                    shape.root_spreads.add(node.name.value)
            else:
                shape.spread += 1
                stack.append((node.selection_set, depth, introspects))
    return shape


def _note_field(shape: Shape, node: FieldNode, depth: int, introspects: bool) -> tuple[int, bool]:
    """Count a field; the depth of what stands below, and whether that is introspection."""
    name, alias = node.name.value, node.alias
    shape.fields += 1
    if alias:
        shape.aliases.add((name, alias.value))
    if depth == 0 and not introspects:
        shape.roots[alias.value if alias else name] = name
    if name in INTROSPECTION and not introspects:
        depth, introspects = 0, True
    shape.deepen(depth + 1, introspects)
    return depth + 1, introspects


def expand(shape: Shape, fragments: Mapping[str, Shape]) -> None:
    """Add the figures of the fragments that are spread, once. Raises FragmentCycleError."""
    if shape.expanded:
        return
    if shape.expanded is None:
        raise FragmentCycleError
    shape.expanded = None
    for (name, introspects), depths in shape.spreads.items():
        if fragment := fragments.get(name):
            expand(fragment, fragments)
            depth = max(depths)
            shape.fields += len(depths) * fragment.fields
            shape.deepen(depth + fragment.depth, introspects)
            if fragment.introspection_depth:
                shape.deepen(depth * introspects + fragment.introspection_depth, True)
            shape.aliases |= fragment.aliases
            if name in shape.root_spreads:
                shape.roots |= fragment.roots
    shape.expanded = True
