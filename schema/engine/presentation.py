"""Turns errors into entries of a response's `errors`.

An error is worded once, here. The text of a GraphQLError is never shown: it may repeat a value
that was refused, such as a password.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from schema.engine.context import RequestContext
from schema.engine.errors import EngineError, EngineReason, log_unexpected

ErrorEntry = dict[str, Any]


def word_in_english(fault: Exception, _error: GraphQLError, _context: Any) -> ErrorEntry:
    """The message and extensions of an EngineError for a product that words nothing itself."""
    reason = fault.reason if isinstance(fault, EngineError) else EngineReason.EXCEPTION
    return {"message": reason.value, "extensions": {"reason": reason.name}}


@dataclass(frozen=True)
class Presentation:
    """How a product presents errors.

    known: the product's exceptions that clients may see; all others but EngineError are hidden.
    word: returns `message` and `extensions` for an EngineError or a known exception, given the
    GraphQLError that carries it and the request's context.
    """

    known: tuple[type[Exception], ...] = ()
    word: Callable[[Exception, GraphQLError, Any], ErrorEntry] = word_in_english


def present(error: GraphQLError, context: RequestContext, presentation: Presentation) -> ErrorEntry:
    """One entry of `errors`. An unexpected error is logged and shown as EXCEPTION."""
    fault = _find_cause(error, presentation.known, context.request_id)
    entry = presentation.word(fault, error, context)
    if error.locations:
        entry["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    entry["extensions"] |= error.extensions or {}
    return entry


def _find_cause(
    error: GraphQLError, known: tuple[type[Exception], ...], request_id: str
) -> Exception:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    if isinstance(cause, (EngineError, known)):
        return cause
    if isinstance(cause, GraphQLError) and cause.nodes:
        # an argument: its variable fits the document, but its value in this run is invalid
        return EngineError(EngineReason.INVALID_DATA)
    return log_unexpected(cause or error, request_id)
