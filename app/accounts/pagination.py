"""Pages of a list: which rows may be asked for, and how many at once."""

from app.errors import AccountError, ErrorReason
from app.models.keyset import Position, Slice

PAGE_SIZE = 20
LARGEST_PAGE = 100


def make_slice(
    first: int | None = None,
    after: Position | None = None,
    last: int | None = None,
    before: Position | None = None,
) -> Slice:
    """Return the rows to read: default 20, at most 100. `first` and `after` go forwards, `last` and
    `before` backwards.

    Raises AccountError(INVALID_DATA) for another number, and for both directions at once: then it
    names all arguments that were given, since any of them may be the mistake.
    """
    arguments = {"first": first, "after": after, "last": last, "before": before}
    given = [name for name, value in arguments.items() if value is not None]
    backwards = "last" in given or "before" in given
    if backwards and ("first" in given or "after" in given):
        raise _invalid(*given)
    name, size, position = ("last", last, before) if backwards else ("first", first, after)
    size = PAGE_SIZE if size is None else size
    if not 0 < size <= LARGEST_PAGE:
        raise _invalid(name)
    return Slice(size, position, backwards)


def _invalid(*names: str) -> AccountError:
    reason = ErrorReason.INVALID_DATA
    return AccountError(reason, fields=dict.fromkeys(names, reason))
