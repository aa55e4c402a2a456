"""What a read returns: a stored document seen through attributes, without hydrating it."""

from collections.abc import Mapping
from typing import Any, Self


class Record:
    """The stored values as attributes; what is not stored is the default the class declares.

    MongoEngine's hydration validates and tracks changes, which a read has no use for, and costs
    twenty times as much. A record is for reading only: nothing writes it back.
    """

    def __init__(self, stored: dict[str, Any]) -> None:
        stored["id"] = stored.pop("_id")
        self.__dict__ = stored

    @classmethod
    def found(cls, stored: Mapping[str, Any] | None) -> Self | None:
        """The record of what a query found; None for nothing."""
        return None if stored is None else cls(stored)
