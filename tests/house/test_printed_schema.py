"""The printed schema: committed, complete, and without secrets."""

import re

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

from app.cli.schema import SCHEMA_FILE, render_schema
from schema.root import build_schema

SECRETS = (
    "password_hash",
    "passwordHash",
    "credentialVersion",
    "sessionIds",
    "refreshId",
    "rotations",
)


def test_schema_graphql_is_the_schema_of_the_server() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == render_schema(), "run: flask schema print"


@pytest.mark.parametrize("secret", SECRETS)
def test_no_field_is_a_secret(secret: str) -> None:
    assert not re.search(rf"^\s*{secret}\b", render_schema(), re.MULTILINE)


def test_everything_has_a_description() -> None:
    silent = []
    for name, type_ in build_schema().graphql_schema.type_map.items():
        if name.startswith("__"):
            continue
        parts = {name: type_}
        if isinstance(type_, GraphQLEnumType):
            parts |= {f"{name}.{value}": part for value, part in type_.values.items()}
        if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType):
            for field_name, field in type_.fields.items():
                parts[f"{name}.{field_name}"] = field
                for argument, part in getattr(field, "args", {}).items():
                    parts[f"{name}.{field_name}({argument})"] = part
        silent += [part for part, value in parts.items() if not (value.description or "").strip()]
    assert silent == []
