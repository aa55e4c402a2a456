"""Input fields generated from the table of profile fields."""

from collections.abc import Mapping
from typing import Any

import graphene

from app.profile_fields import ADDRESS_PARTS, PROFILE_FIELDS, PersonalField
from schema.types import Address, User

NOT_CLEARED = "It cannot be cleared."


def make_input(
    name: str, description: str, fields: Mapping[str, Any]
) -> type[graphene.InputObjectType]:
    """Return an input type with these fields, in the order in which they were made."""
    return type(name, (graphene.InputObjectType,), {"__doc__": description, **fields})


def registration_fields(*, required: bool) -> dict[str, graphene.InputField]:
    """Return the profile fields of `RegisterInput` that a new account must have, or the others."""
    return {
        field.name: _make_field(User, field, field.registration_note, required=required)
        for field in PROFILE_FIELDS.values()
        if field.registration and field.is_required_at_first is required
    }


def update_fields() -> dict[str, graphene.InputField]:
    """Return the fields of `UpdateProfileInput`: all, and none is required."""
    return {field.name: _make_update_field(User, field) for field in PROFILE_FIELDS.values()}


def _make_update_field(
    output: type[graphene.ObjectType], field: PersonalField
) -> graphene.InputField:
    return _make_field(output, field, NOT_CLEARED if field.required else "")


def _make_field(
    output: type[graphene.ObjectType], field: PersonalField, note: str, *, required: bool = False
) -> graphene.InputField:
    return graphene.InputField(
        _input_type(output, field), required=required, description=field.describe_input(note)
    )


def _input_type(output: type[graphene.ObjectType], field: PersonalField) -> Any:
    """Return the type that graphene-mongo gave to the output field, nullable."""
    if field is PROFILE_FIELDS["address"]:
        return AddressInput
    generated = output._meta.fields[field.name].type
    return generated.of_type if isinstance(generated, graphene.NonNull) else generated


AddressInput = make_input(
    "AddressInput",
    "Parts of an address. Parts that are left out stay as they are. Null clears a part.",
    {part.name: _make_update_field(Address, part) for part in ADDRESS_PARTS.values()},
)
