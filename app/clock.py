"""The one place that reads the time, and says what a day is."""

from datetime import UTC, date, datetime, time


def now() -> datetime:
    """The current moment, aware, in UTC, cut to the milliseconds that BSON keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def midnight(day: date) -> datetime:
    """What BSON can keep of a day, for it has none: its first moment, in UTC."""
    return datetime.combine(day, time(), UTC)
