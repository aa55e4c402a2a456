"""Records: stored documents, read through attributes, without MongoEngine objects."""

from typing import Any, Self

from mongoengine import Document


class Record:
    """The stored values as attributes; a value that is not stored is the class's default.

    MongoEngine's hydration validates and tracks changes, which a read has no use for, and costs
    twenty times as much. A record is for reading only: nothing writes it back.
    """

    id: Any  # an ObjectId, or the text that identifies the document

    def __init_subclass__(cls, *, document: type[Document] | None = None) -> None:
        """Give the document's optional fields the default None, where the class has no other."""
        for name, field in document._fields.items() if document else ():
            if not field.required and not hasattr(cls, name):
                setattr(cls, name, None)

    def __init__(self, stored: dict[str, Any]) -> None:
        stored["id"] = stored.pop("_id")
        self.__dict__ = stored

    @classmethod
    def from_stored(cls, stored: dict[str, Any] | None) -> Self | None:
        """The record of what a query found; None for nothing."""
        return None if stored is None else cls(stored)
