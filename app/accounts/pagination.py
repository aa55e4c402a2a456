"""Pages of a list: which rows may be asked for, and how many at once."""

from app.errors import AccountError, ErrorReason
from app.models.keyset import Position, Slice

PAGE_SIZE = 20
LARGEST_PAGE = 100


def requested_slice(
    first: int | None = None,
    after: Position | None = None,
    last: int | None = None,
    before: Position | None = None,
) -> Slice:
    """The rows asked for, 20 unless told, at most 100: first or after goes forwards, last or
    before backwards.

    Raises AccountError(INVALID_DATA): for another number; for both directions at once, naming all
    that was given, since any of it may be the mistake.
    """
    given = {"first": first, "after": after, "last": last, "before": before}
    given = {name: value for name, value in given.items() if value is not None}
    backwards = not given.keys().isdisjoint(("last", "before"))
    if backwards and not given.keys().isdisjoint(("first", "after")):
        raise _refusal(*given)
    name, position = ("last", before) if backwards else ("first", after)
    size = given.get(name, PAGE_SIZE)
    if not 0 < size <= LARGEST_PAGE:
        raise _refusal(name)
    return Slice(size, position, backwards)


def _refusal(*names: str) -> AccountError:
    reason = ErrorReason.INVALID_DATA
    return AccountError(reason, fields=dict.fromkeys(names, reason))
