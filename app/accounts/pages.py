"""Pages of a list: how many rows one may have."""

from app.errors import AccountError, ErrorReason

PAGE_SIZE = 20
LARGEST_PAGE = 100


def page_size(first: int | None) -> int:
    """The rows asked for: 20 unless told, at most 100.

    Raises AccountError(INVALID_DATA) for another number.
    """
    size = PAGE_SIZE if first is None else first
    if not 0 < size <= LARGEST_PAGE:
        raise AccountError(ErrorReason.INVALID_DATA, fields={"first": ErrorReason.INVALID_DATA})
    return size
