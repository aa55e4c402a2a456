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

    Exit codes: 0 done; 1 not as it should be; 2 not understood, or the database does not answer.
    """,
)


@db_commands.command("indexes")
@click.option("--show", is_flag=True, help="Build nothing: list those that there are.")
@click.option("--check", is_flag=True, help="Build nothing: exit 1 naming those that are missing.")
def indexes(show: bool, check: bool) -> None:
    """Build the indexes that are missing. Run it once before a new version serves.

    Exits 1 when one cannot be built, since accounts there are break it. An index of the same keys
    that is unique, sparse or expiring otherwise counts as missing.
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
@click.option("--dry-run", is_flag=True, help="Remove nothing: tell what would be.")
def prune(dry_run: bool) -> None:
    """Remove what nobody needs any more, and tell how much of it.

    What is past its time (sessions, security events, mail that was given up, and the like), which
    the database removes by itself sooner or later; and what it cannot know of: sessions that have
    ended, and their mention in accounts. Nobody is logged out by it, and it can run while servers
    do.
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
