"""How values are written in English."""

from collections.abc import Sequence
from datetime import UTC, datetime


def format_moment(at: datetime) -> str:
    """Return `at`, which has a time zone, as "2 November 2026 at 01:05 UTC"."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y at %H:%M} UTC"


def format_hours(number: int) -> str:
    """Return a number of hours as "1 hour" or "24 hours"."""
    return "1 hour" if number == 1 else f"{number} hours"


def format_alternatives(items: Sequence[str]) -> str:
    """Return a choice between `items` as "a, b or c"."""
    *others, last = items
    return f"{', '.join(others)} or {last}" if others else last
