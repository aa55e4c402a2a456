"""flask db ...: the database."""

import click
from flask.cli import AppGroup

from app.cli.command_errors import report_errors
from app.models.indexes import (
    UnbuildableIndexError,
    build_indexes,
    find_missing_indexes,
    list_indexes,
)
from app.models.pruning import (
    list_expiring_documents,
    remove_expired,
    remove_unlisted_sessions,
    unlist_expired_sessions,
)

db_commands = AppGroup(
    "db",
    help="""The database.

    Exit codes: 0 done; 1 a check failed; 2 invalid command, or the database does not answer.
    """,
)


@db_commands.command("indexes")
@click.option("--show", is_flag=True, help="Build nothing, list the indexes.")
@click.option("--check", is_flag=True, help="Build nothing, exit 1 if indexes are missing.")
def indexes(show: bool, check: bool) -> None:
    """Build the missing indexes. Run it once before a new version serves.

    Exits 1 when an index cannot be built because stored accounts violate it. An index with the same
    keys but other options counts as missing.
    """
    if show and check:
        raise click.UsageError("--show and --check: one of them.")
    with report_errors():
        if check:
            _check()
            return
        try:
            found = list_indexes() if show else build_indexes()
        except UnbuildableIndexError as refusal:
            raise click.ClickException(f"{refusal}.") from None
    for collection, names in found.items():
        if not show:
            click.echo(f"{collection}: {', '.join(names)}")
            continue
        click.echo(collection)
        for name in names:
            click.echo(f"  {name}")


@db_commands.command("prune")
@click.option("--dry-run", is_flag=True, help="Remove nothing, only report.")
def prune(dry_run: bool) -> None:
    """Remove expired and ended data, and report how much.

    Expired documents (sessions, security events, undeliverable mail and the like) are removed by
    the database sooner or later. This command also removes sessions that have ended, and the ids of
    expired sessions in accounts. It signs nobody out, and can run while servers run.
    """
    with report_errors():
        for document in list_expiring_documents():
            count = remove_expired(document, dry_run=dry_run)
            click.echo(f"{document._meta['collection']} past their time: {count}")
        click.echo(f"sessions that no account lists: {remove_unlisted_sessions(dry_run=dry_run)}")
        count = unlist_expired_sessions(dry_run=dry_run)
        click.echo(f"expired sessions that accounts list: {count}")


def _check() -> None:
    missing = find_missing_indexes()
    for collection, names in missing.items():
        for name in names:
            click.echo(f"missing in {collection}: {name}", err=True)
    if missing:
        raise click.ClickException("Build them: `flask db indexes`.")
    click.echo("all indexes are there")
