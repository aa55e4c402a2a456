"""The limits of one request: each with its default and the range of its setting."""

from dataclasses import dataclass, field
from typing import Any

from schema.engine.errors import EngineError, EngineReason


def _limit(default: int, least: int, most: int) -> Any:
    return field(default=default, metadata={"range": (least, most)})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one request. A field's metadata holds the range that its setting allows.

    LIMIT_SETTINGS says what each of them counts.
    """

    max_body_bytes: int = _limit(64 * 1024, 1024, 16 * 1024 * 1024)
    max_characters: int = _limit(15_000, 100, 1_000_000)
    max_tokens: int = _limit(2_000, 10, 100_000)
    max_operations: int = _limit(50, 1, 1_000)
    max_fields: int = _limit(200, 1, 10_000)
    max_fragments: int = _limit(20, 0, 200)
    max_variables: int = _limit(30, 0, 1_000)
    max_directives: int = _limit(50, 0, 1_000)
    max_comparisons: int = _limit(10_000, 100, 1_000_000)
    max_depth: int = _limit(10, 1, 100)
    max_introspection_depth: int = _limit(15, 1, 100)
    max_aliases: int = _limit(30, 0, 1_000)
    max_root_mutations: int = _limit(5, 1, 100)
    max_cost: int = _limit(5_000, 1, 1_000_000)
    max_variable_depth: int = _limit(32, 1, 100)
    max_errors: int = _limit(10, 1, 100)
    operation_seconds: int = _limit(10, 1, 300)


LIMIT_SETTINGS: dict[str, str | None] = {  # the name of a limit in an error: its setting
    # of a request
    "body bytes": "max_body_bytes",
    "variable depth": "max_variable_depth",  # lists and objects within each other
    "seconds": "operation_seconds",  # after them no other root field is started
    # of a document
    "characters": "max_characters",
    "tokens": "max_tokens",  # comments have the same limit
    "operations": "max_operations",
    "fields": "max_fields",
    "spreads": "max_fields",  # of fragments, inline fragments included
    "fragments": "max_fragments",
    "variables": "max_variables",
    "directives": "max_directives",
    "fragment cycles": None,
    "comparisons": "max_comparisons",  # of fields that may merge, as graphql-core counts them
    # of each operation, with the fragments it spreads
    "depth": "max_depth",  # fields within fields, except within __schema and __type
    "introspection depth": "max_introspection_depth",
    "aliases": "max_aliases",  # different aliases of the same field
    "root mutations": "max_root_mutations",
    "cost": "max_cost",  # fields times page sizes: see cost.py
    # of a response; further errors are left out, nothing is refused
    "errors": "max_errors",
}


def limit_error(name: str, limits: Limits) -> EngineError:
    """The error for a request that exceeds the limit `name`, a key of LIMIT_SETTINGS."""
    setting = LIMIT_SETTINGS[name]
    maximum = getattr(limits, setting) if setting else 0
    return EngineError(EngineReason.OPERATION_TOO_COMPLEX, limit=(name, maximum))
