"""Checks a document and its variables against the limits, in time linear in their size.

`parse_document` and `check_document` run before validation.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from schema.engine.document_metrics import (
    DefinitionMetrics,
    FragmentCycleError,
    add_fragments,
    measure,
)
from schema.engine.errors import EngineError, EngineReason
from schema.engine.limits import LIMIT_SETTINGS, Limits, limit_error

RootMutationLimits = Mapping[str, tuple[str, int]]  # a root field: the limit's name and maximum

TOO_MANY_TOKENS = "Syntax Error: Document contains more than "
TOO_DEEP = "Syntax Error: Document is nested too deeply. "


def parse_document(text: str, limits: Limits) -> DocumentNode:
    """Parse a document. Raises EngineError when it is too large, GraphQLSyntaxError."""
    if len(text) > limits.max_characters:
        raise limit_error("characters", limits)
    most = limits.max_tokens
    try:
        return parse(text, max_lexical_tokens=most, max_comments=most)
    except GraphQLSyntaxError as error:
        if error.message.startswith(TOO_MANY_TOKENS):
            raise limit_error("tokens", limits) from None
        if error.message.startswith(TOO_DEEP):
            raise limit_error("depth", limits) from None
        raise


def check_document(
    document: DocumentNode, limits: Limits, root_mutation_limits: RootMutationLimits
) -> None:
    """Raise EngineError for the first limit that the document or an operation of it exceeds.

    What does not fit the schema is ignored: validation comes next.
    """
    measured = [
        (node, measure(node))
        for node in document.definitions
        if isinstance(node, ExecutableDefinitionNode)
    ]
    _check_totals(measured, limits)
    fragments = {
        node.name.value: metrics
        for node, metrics in measured
        if isinstance(node, FragmentDefinitionNode)
    }
    try:
        for metrics in fragments.values():
            add_fragments(metrics, fragments)
    except FragmentCycleError:
        raise limit_error("fragment cycles", limits) from None
    cost = 0  # the least possible cost: the fields of all operations, without page sizes
    for node, metrics in measured:
        if isinstance(node, OperationDefinitionNode):
            add_fragments(metrics, fragments)
            cost += metrics.fields
            _check_operation(node, metrics, limits, root_mutation_limits)
            _check({"cost": cost}, limits)


def check_variable_depth(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise EngineError for a variable whose lists and objects nest too deep."""
    level, depth = [value for value in variables.values() if type(value) in (dict, list)], 0
    while level:
        depth += 1
        if depth > limits.max_variable_depth:
            raise limit_error("variable depth", limits)
        level = [
            part
            for whole in level
            for part in (whole.values() if type(whole) is dict else whole)
            if type(part) in (dict, list)
        ]


def _check_totals(
    measured: list[tuple[ExecutableDefinitionNode, DefinitionMetrics]], limits: Limits
) -> None:
    totals = {
        "operations": sum(isinstance(node, OperationDefinitionNode) for node, _ in measured),
        "fields": sum(metrics.fields for _, metrics in measured),
        "spreads": sum(metrics.spread_count for _, metrics in measured),
        "fragments": sum(isinstance(node, FragmentDefinitionNode) for node, _ in measured),
        "variables": sum(len(node.variable_definitions or ()) for node, _ in measured),
        "directives": sum(metrics.directives for _, metrics in measured),
    }
    _check(totals, limits)


def _check_operation(
    operation: OperationDefinitionNode,
    metrics: DefinitionMetrics,
    limits: Limits,
    root_mutation_limits: RootMutationLimits,
) -> None:
    names = Counter(name for name, _ in metrics.aliases)
    figures = {
        "depth": metrics.depth,
        "introspection depth": metrics.introspection_depth,
        "aliases": max(names.values(), default=0),
    }
    _check(figures, limits)
    if operation.operation is OperationType.MUTATION:
        roots = [name for name in metrics.roots.values() if name != "__typename"]
        _check({"root mutations": len(roots)}, limits)
        for field, (name, maximum) in root_mutation_limits.items():
            if roots.count(field) > maximum:
                raise EngineError(EngineReason.OPERATION_TOO_COMPLEX, limit=(name, maximum))


def _check(figures: Mapping[str, int], limits: Limits) -> None:
    for name, figure in figures.items():
        setting = LIMIT_SETTINGS[name]
        if setting and figure > getattr(limits, setting):
            raise limit_error(name, limits)
