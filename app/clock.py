"""The current time and the start of a day. No other module reads the clock for a date."""

from datetime import UTC, date, datetime, time


def now() -> datetime:
    """Return the current time in UTC, cut to the milliseconds that BSON keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def midnight(day: date) -> datetime:
    """Return a date as BSON can keep it, which has no type for dates: its first moment in UTC."""
    return datetime.combine(day, time(), UTC)
