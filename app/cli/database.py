"""flask db ...: the database."""

import click
from flask.cli import AppGroup

from app.cli.outcome import said_in_a_line
from app.models.indexes import build_indexes

db_commands = AppGroup("db", help="The database.")


@db_commands.command("indexes")
def indexes() -> None:
    """Build the indexes that are missing. Run it once before a new version serves."""
    with said_in_a_line():
        built = build_indexes()
    for collection, names in built.items():
        click.echo(f"{collection}: {', '.join(names)}")
