"""How much one request may ask for: the one table, and the checks that hold a document to it.

``parse_within`` and ``refuse_excess`` come before validation, in time linear in the document.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from app.errors import AccountError, ErrorReason
from schema.engine.document_metrics import FragmentCycleError, Shape, expand, shape_of


def limit(default: int, least: int, most: int) -> int:
    """Declare a limit: its default, and the range that a setting of it must keep."""
    return field(default=default, metadata={"range": (least, most)})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one request may ask for; TABLE says what each of them counts."""

    max_body_bytes: int = limit(64 * 1024, 1024, 16 * 1024 * 1024)
    max_characters: int = limit(15_000, 100, 1_000_000)
    max_tokens: int = limit(2_000, 10, 100_000)
    max_operations: int = limit(50, 1, 1_000)
    max_fields: int = limit(200, 1, 10_000)
    max_fragments: int = limit(20, 0, 200)
    max_variables: int = limit(30, 0, 1_000)
    max_directives: int = limit(50, 0, 1_000)
    max_comparisons: int = limit(10_000, 100, 1_000_000)
    max_depth: int = limit(10, 1, 100)
    max_introspection_depth: int = limit(15, 1, 100)
    max_aliases: int = limit(30, 0, 1_000)
    max_root_mutations: int = limit(5, 1, 100)
    max_logins: int = limit(1, 1, 100)
    max_cost: int = limit(5_000, 1, 1_000_000)
    max_variable_depth: int = limit(32, 1, 100)
    max_errors: int = limit(10, 1, 100)
    operation_seconds: int = limit(10, 1, 300)


TABLE = {  # a limit, as a refusal names it: the setting that says how much
    # of a request
    "body bytes": "max_body_bytes",
    "variable depth": "max_variable_depth",  # lists and objects within each other
    "seconds": "operation_seconds",  # after them no other root field is started
    # of a document
    "characters": "max_characters",
    "tokens": "max_tokens",  # and comments
    "operations": "max_operations",
    "fields": "max_fields",
    "spreads": "max_fields",  # of fragments, inline ones too
    "fragments": "max_fragments",
    "variables": "max_variables",
    "directives": "max_directives",
    "fragment cycles": None,
    "comparisons": "max_comparisons",  # of fields that would merge, as graphql-core counts them
    # of each of its operations, with the fragments it spreads
    "depth": "max_depth",  # fields within fields, but for those within __schema and __type:
    "introspection depth": "max_introspection_depth",
    "aliases": "max_aliases",  # different ones of the same field
    "root mutations": "max_root_mutations",
    "logins": "max_logins",  # root mutations that are a login
    "cost": "max_cost",  # fields times page sizes: schema/engine/cost.py
    # of an answer; the only one that refuses nothing
    "errors": "max_errors",
}

TOO_MANY_TOKENS = "Syntax Error: Document contains more than "
TOO_DEEP = "Syntax Error: Document is nested too deeply. "


def excess(name: str, limits: Limits) -> AccountError:
    """The refusal of what passes the limit `name` of the table."""
    maximum = getattr(limits, TABLE[name]) if TABLE[name] else 0
    return AccountError(ErrorReason.OPERATION_TOO_COMPLEX, limit=(name, maximum))


def parse_within(text: str, limits: Limits) -> DocumentNode:
    """The parsed document. Raises AccountError for one too large, GraphQLSyntaxError."""
    if len(text) > limits.max_characters:
        raise excess("characters", limits)
    most = limits.max_tokens
    try:
        return parse(text, max_lexical_tokens=most, max_comments=most)
    except GraphQLSyntaxError as error:
        if error.message.startswith(TOO_MANY_TOKENS):
            raise excess("tokens", limits) from None
        if error.message.startswith(TOO_DEEP):
            raise excess("depth", limits) from None
        raise


def refuse_excess(document: DocumentNode, limits: Limits) -> None:
    """Raise AccountError for the first limit on documents and operations that is passed.

    What does not fit the schema is none of its business: validation comes next.
    """
    shapes = [(node, shape_of(node)) for node in document.definitions if _can_run(node)]
    totals = {
        "operations": sum(type(node) is OperationDefinitionNode for node, _ in shapes),
        "fields": sum(shape.fields for _, shape in shapes),
        "spreads": sum(shape.spread for _, shape in shapes),
        "fragments": sum(type(node) is FragmentDefinitionNode for node, _ in shapes),
        "variables": sum(len(node.variable_definitions or ()) for node, _ in shapes),
        "directives": sum(shape.directives for _, shape in shapes),
    }
    _hold(totals, limits)
    fragments = {n.name.value: shape for n, shape in shapes if type(n) is FragmentDefinitionNode}
    try:
        for shape in fragments.values():
            expand(shape, fragments)
    except FragmentCycleError:
        raise excess("fragment cycles", limits) from None
    cost = 0  # at least: of all operations, the pages left out
    for node, shape in shapes:
        if type(node) is OperationDefinitionNode:
            expand(shape, fragments)
            cost += shape.fields
            _hold(_figures(node, shape) | {"cost": cost}, limits)


def refuse_deep(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise AccountError for a variable whose lists and objects nest too deep."""
    level, depth = [value for value in variables.values() if type(value) in (dict, list)], 0
    while level:
        depth += 1
        if depth > limits.max_variable_depth:
            raise excess("variable depth", limits)
        level = [
            part
            for whole in level
            for part in (whole.values() if type(whole) is dict else whole)
            if type(part) in (dict, list)
        ]


def _can_run(node: Any) -> bool:
    return isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)


def _figures(operation: OperationDefinitionNode, shape: Shape) -> dict[str, int]:
    names = Counter(name for name, _ in shape.aliases)
    figures = {
        "depth": shape.depth,
        "introspection depth": shape.introspection_depth,
        "aliases": max(names.values(), default=0),
    }
    if operation.operation is OperationType.MUTATION:
        called = [name for name in shape.roots.values() if name != "__typename"]
        figures |= {"root mutations": len(called), "logins": called.count("login")}
    return figures


def _hold(figures: Mapping[str, int], limits: Limits) -> None:
    for name, figure in figures.items():
        if figure > getattr(limits, TABLE[name]):
            raise excess(name, limits)
