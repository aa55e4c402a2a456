"""flask schema ... | flask db ...: the same product from a terminal."""

from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app.errors import AccountError
from app.models.indexes import build_indexes
from schema.root import build_schema

SCHEMA_FILE = Path(__file__).parent.parent / "schema" / "schema.graphql"

schema_commands = AppGroup("schema", help="The GraphQL contract.")
db_commands = AppGroup("db", help="The database.")


def configure(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(schema_commands)
    app.cli.add_command(db_commands)


def printed_schema() -> str:
    """The schema in GraphQL's own language, as schema/schema.graphql holds it."""
    return f"{build_schema()}\n"


@schema_commands.command("print")
def print_schema() -> None:
    """Write schema/schema.graphql, the contract as this server serves it."""
    SCHEMA_FILE.write_text(printed_schema(), encoding="utf-8")
    click.echo("Wrote schema/schema.graphql")


@db_commands.command("indexes")
def indexes() -> None:
    """Build the indexes that are missing. Run it once before a new version serves."""
    try:
        built = build_indexes()
    except AccountError as error:
        raise click.ClickException(f"The database does not answer ({error}).") from None
    for collection, names in built.items():
        click.echo(f"{collection}: {', '.join(names)}")
