"""flask schema ...: the GraphQL contract."""

from pathlib import Path

import click
from flask.cli import AppGroup
from graphql import GraphQLSyntaxError, parse, validate

from schema.engine.persisted import build_manifest
from schema.root import build_schema

SCHEMA_FILE = Path(__file__).parent.parent.parent / "schema" / "schema.graphql"

schema_commands = AppGroup("schema", help="The GraphQL contract.")


def render_schema() -> str:
    """The schema in GraphQL's own language, as schema/schema.graphql holds it."""
    return f"{build_schema()}\n"


@schema_commands.command("print")
def print_schema() -> None:
    """Write schema/schema.graphql, the contract as this server serves it."""
    SCHEMA_FILE.write_text(render_schema(), encoding="utf-8")
    click.echo("Wrote schema/schema.graphql")


@schema_commands.command("trust")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--out", default="trusted.json", show_default=True, help="The manifest to write.")
def trust(files: tuple[str, ...], out: str) -> None:
    """Write a manifest of the documents in FILES, for TRUSTED_DOCUMENTS.

    Each file is one document, sent by clients as it stands. Exits 1 when one does not fit.
    """
    schema, texts = build_schema().graphql_schema, []
    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        try:
            errors = validate(schema, parse(text))
        except GraphQLSyntaxError as error:
            errors = [error]
        if errors:
            raise click.ClickException(f"{file}: {errors[0].message}")
        texts.append(text)
    Path(out).write_text(build_manifest(texts), encoding="utf-8")
    click.echo(f"Wrote {out}: {len(texts)} documents")
