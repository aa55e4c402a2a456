"""What a client reads of a fault: the catalogue's sentence and typed extensions, nothing else.

Errors travel here without stops and are worded once. A GraphQL error's own text is never shown:
it may carry the value that was refused, a password included.
"""

import logging
from collections.abc import Callable
from typing import Any

from graphene.utils.str_converters import to_camel_case
from graphql import FieldNode, GraphQLError

from app.errors import AccountError, ErrorReason, FieldPath
from app.locales import sentence

log = logging.getLogger(__name__)
MOST_FIELDS = 50  # told of one error, however many an input brings


def present(error: GraphQLError, locale: str, request_id: str) -> dict[str, Any]:
    """One entry of `errors`, as the contract shapes it, in `locale`."""
    fault = _fault_of(error, request_id)
    entry = refusal(fault, locale, request_id, _arguments_of(error))
    if error.locations:
        entry["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    entry["extensions"] |= error.extensions or {}
    return entry


def refusal(
    fault: AccountError, locale: str, request_id: str, arguments: FieldPath = ()
) -> dict[str, Any]:
    """The same for a fault that no place in a document can be given for.

    arguments: where the fault's field paths begin, when they speak of an input's parts.
    """
    extensions: dict[str, Any] = {
        "code": fault.reason.code.name,
        "reason": fault.reason.name,
        "requestId": request_id,
    }
    if fault.fields:
        extensions["fields"] = [
            _field_entry((*arguments, *path), reason, fault, locale)
            for path, reason in fault.fields[:MOST_FIELDS]
        ]
    if fault.retry_after is not None:
        extensions["retryAfter"] = fault.retry_after
    if fault.limit is not None:
        extensions["limit"] = dict(zip(("name", "maximum"), fault.limit, strict=True))
    return {
        "message": sentence(fault.reason, locale, fault.resource),
        "extensions": extensions,
    }


def log_unexpected(error: BaseException, request_id: str) -> AccountError:
    """Log what nobody foresaw, once, under its request id; tell of it no more than EXCEPTION."""
    search_filter = {"request_id": request_id}
    log.error("unforeseen error in request %s", request_id, exc_info=error, extra=search_filter)
    return AccountError(ErrorReason.EXCEPTION)


def hide_unexpected_errors(run: Callable[..., Any], *arguments: Any, request_id: str) -> Any:
    """What `run` returns; an unforeseen error is logged and raised as AccountError(EXCEPTION)."""
    try:
        return run(*arguments)
    except AccountError:
        raise
    except Exception as error:  # noqa: BLE001  the one place, see the house style
        raise log_unexpected(error, request_id) from None


def _field_entry(
    path: FieldPath, reason: ErrorReason, fault: AccountError, locale: str
) -> dict[str, Any]:
    names = [to_camel_case(part) if isinstance(part, str) else part for part in path]
    return {
        "field": next((name for name in reversed(names) if isinstance(name, str)), ""),
        "path": names,
        "reason": reason.name,
        "message": sentence(reason, locale, fault.resource),
    }


def _fault_of(error: GraphQLError, request_id: str) -> AccountError:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    if isinstance(cause, AccountError):
        return cause
    if isinstance(cause, GraphQLError) and cause.nodes:
        # an argument whose variable, legal in the document, had no legal value at run time
        return AccountError(ErrorReason.INVALID_DATA)
    return log_unexpected(cause or error, request_id)


def _arguments_of(error: GraphQLError) -> FieldPath:
    """("input",) when the resolver that failed takes its values from an input object."""
    node = error.nodes[0] if error.nodes and error.path else None
    names = [argument.name.value for argument in node.arguments] if type(node) is FieldNode else []
    return ("input",) if "input" in names else ()
