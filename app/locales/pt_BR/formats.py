"""How values are written in Brazilian Portuguese."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

BRASILIA = timezone(timedelta(hours=-3))  # all year: Brazil ended daylight saving time in 2019


def format_moment(at: datetime) -> str:
    """Return `at`, which has a time zone, as "01/11/2026 às 22:05 (UTC−3)"."""
    return f"{at.astimezone(BRASILIA):%d/%m/%Y às %H:%M} (UTC−3)"


def format_hours(number: int) -> str:
    """Return a number of hours as "1 hora" or "24 horas"."""
    return "1 hora" if number == 1 else f"{number} horas"


def format_alternatives(items: Sequence[str]) -> str:
    """Return a choice between `items` as "a, b ou c"."""
    *others, last = items
    return f"{', '.join(others)} ou {last}" if others else last
