"""How values are written in Spanish."""

from collections.abc import Sequence
from datetime import UTC, datetime

MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)


def format_moment(at: datetime) -> str:
    """Return `at`, which has a time zone, as "2 de noviembre de 2026, 01:05 UTC"."""
    at = at.astimezone(UTC)
    return f"{at.day} de {MONTHS[at.month - 1]} de {at:%Y, %H:%M} UTC"


def format_hours(number: int) -> str:
    """Return a number of hours as "1 hora" or "24 horas"."""
    return "1 hora" if number == 1 else f"{number} horas"


def format_alternatives(items: Sequence[str]) -> str:
    """Return a choice between `items` as "a, b o c"; "o" is written "u" before the sound of "o"."""
    *others, last = items
    word = "u" if last.lower().startswith(("o", "ho")) else "o"
    return f"{', '.join(others)} {word} {last}" if others else last
