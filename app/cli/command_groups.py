"""The groups of commands of the product; extensions add theirs, the administration its own."""

from flask import Flask

from app.cli.database import db_commands
from app.cli.keys import key_commands
from app.cli.schema import schema_commands


def configure(app: Flask) -> None:
    """Add the commands to `flask`."""
    for group in (schema_commands, db_commands, key_commands):
        app.cli.add_command(group)
