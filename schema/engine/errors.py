"""The engine's own error and its reasons; the only place that catches unexpected errors."""

import logging
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, TypeVar

FieldPath = tuple[str | int, ...]
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class EngineReason(Enum):
    """Why the engine refuses a request, or a field of its input."""

    SYNTAX_ERROR = "The document is not GraphQL."
    INVALID_OPERATION = "The document does not fit the schema, or names no operation to run."
    OPERATION_TOO_COMPLEX = "The request exceeds a limit."
    PERSISTED_QUERY_NOT_FOUND = "No document is stored for this hash."
    INVALID_DATA = "A value is invalid."
    REQUIRED = "A value is missing or null."
    INVALID_DATE = "A value is not a date."
    EXCEPTION = "An unexpected error occurred."


FieldError = tuple[FieldPath, EngineReason]


class EngineError(Exception):
    """A request, or a part of it, that the engine refuses.

    fields: the path of each invalid input value, and the reason.
    limit: the name and the value of the limit that is exceeded.
    """

    def __init__(
        self,
        reason: EngineReason,
        *,
        fields: Iterable[FieldError] = (),
        limit: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.fields = list(fields)
        self.limit = limit


def hide_unexpected_errors(
    run: Callable[..., Result],
    *arguments: Any,
    known: tuple[type[Exception], ...],
    request_id: str,
) -> Result:
    """Call `run` with `arguments` and return its result.

    Raises EngineError and the `known` exceptions unchanged. Logs any other exception and raises
    EngineError(EXCEPTION) in its place.
    """
    expected: tuple[type[Exception], ...] = (EngineError, *known)
    try:
        return run(*arguments)
    except expected:
        raise
    except Exception as error:  # noqa: BLE001  the one place, see the house style
        raise log_unexpected(error, request_id) from None


def log_unexpected(error: BaseException, request_id: str) -> EngineError:
    """Log an unexpected error with its request id; return the EngineError to show instead."""
    extra = {"request_id": request_id}
    log.error("unforeseen error in request %s", request_id, exc_info=error, extra=extra)
    return EngineError(EngineReason.EXCEPTION)
