"""Enumerations whose members carry a description, which the GraphQL schema shows."""

from enum import Enum
from typing import Self


class Described(Enum):
    """Base of an enumeration: ``MEMBER = "What it means."``.

    It has no members, so others can extend it: an extension adds its own members in a subclass.
    """

    description: str

    def __new__(cls, description: str) -> Self:
        """A member of its own, even when two descriptions are alike."""
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.description = description
        return member
