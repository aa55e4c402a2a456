"""Presents errors: the sentence of the catalogue and the extensions, nothing else."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from graphene.utils.str_converters import to_camel_case
from graphql import FieldNode, GraphQLError

from app.errors import AccountError, AnyErrorReason, ErrorReason, FieldPath
from app.locales import sentence
from schema.context import Context
from schema.engine import errors
from schema.engine.errors import EngineError
from schema.engine.presentation import ErrorEntry, Presentation

MOST_FIELDS = 50  # in one error, however many an input brings
KNOWN = (AccountError,)
Result = TypeVar("Result")


def build_entry(
    error: AccountError, locale: str, request_id: str, arguments: FieldPath = ()
) -> ErrorEntry:
    """One entry of `errors`, without its place in the document.

    arguments: put in front of the error's field paths, which begin within an input object.
    """
    extensions: dict[str, Any] = {
        "code": error.reason.code.name,
        "reason": error.reason.name,
        "requestId": request_id,
    }
    if error.fields:
        extensions["fields"] = [
            _build_field((*arguments, *path), reason, error, locale)
            for path, reason in error.fields[:MOST_FIELDS]
        ]
    if error.retry_after is not None:
        extensions["retryAfter"] = error.retry_after
    if error.limit is not None:
        extensions["limit"] = dict(zip(("name", "maximum"), error.limit, strict=True))
    return {
        "message": sentence(error.reason, locale, error.resource),
        "extensions": extensions,
    }


def hide_unexpected_errors(run: Callable[..., Result], *arguments: Any, request_id: str) -> Result:
    """Call `run` with `arguments` and return its result.

    Raises AccountError. Logs any other exception and raises AccountError(EXCEPTION) in its place.
    """
    try:
        return errors.hide_unexpected_errors(run, *arguments, known=KNOWN, request_id=request_id)
    except EngineError as error:
        raise to_account_error(error) from None


def log_unexpected(error: BaseException, request_id: str) -> AccountError:
    """Log an unexpected error with its request id; return the AccountError to show instead."""
    return to_account_error(errors.log_unexpected(error, request_id))


def to_account_error(error: EngineError) -> AccountError:
    """The same error with the contract's reason of the same name."""
    fields = [(path, ErrorReason[reason.name]) for path, reason in error.fields]
    return AccountError(ErrorReason[error.reason.name], fields=fields, limit=error.limit)


def _word(fault: Exception, error: GraphQLError, context: Context) -> ErrorEntry:
    known = to_account_error(fault) if isinstance(fault, EngineError) else fault
    return build_entry(
        cast(AccountError, known), context.find_locale(), context.request_id, _find_arguments(error)
    )


def _find_arguments(error: GraphQLError) -> FieldPath:
    """("input",) when the resolver that failed takes its values from an input object."""
    node = error.nodes[0] if error.nodes and error.path else None
    names = [argument.name.value for argument in node.arguments] if type(node) is FieldNode else []
    return ("input",) if "input" in names else ()


def _build_field(
    path: FieldPath, reason: AnyErrorReason, error: AccountError, locale: str
) -> dict[str, Any]:
    names = [to_camel_case(part) if isinstance(part, str) else part for part in path]
    return {
        "field": next((name for name in reversed(names) if isinstance(name, str)), ""),
        "path": names,
        "reason": reason.name,
        "message": sentence(reason, locale, error.resource),
    }


PRESENTATION = Presentation(known=KNOWN, word=_word)
