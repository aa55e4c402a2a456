"""flask accounts import and export: all accounts, from and to a file."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from app.accounts.export_users import export_users
from app.accounts.import_users import Batch, Fault, import_users
from app.cli.command_errors import fault, report_errors

MOST_NAMES = 20  # unknown names of fields that are listed
OWNER_ALONE = 0o600
CLEAR_LINE = "\r\x1b[K"  # off the progress bar
NOT_A_HASH = "password: Not a bcrypt hash of a cost from 4 to 16. [INVALID_DATA]"


@dataclass
class _Sum:
    imported: int = 0
    administrators: int = 0
    known: int = 0
    faulty: int = 0
    ignored: set[str] = field(default_factory=set)

    def add(self, batch: Batch) -> None:
        self.imported += batch.imported
        self.administrators += batch.administrators
        self.known += batch.known
        self.faulty += len(batch.faults)
        self.ignored = set(sorted(self.ignored | batch.ignored)[:MOST_NAMES])


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--verified", is_flag=True, help="Import the addresses as verified.")
@with_appcontext
def import_(file: BinaryIO, verified: bool) -> None:
    """Import accounts from FILE, one JSON object a line; `-` reads standard input.

    For what `mongoexport` writes (not --jsonArray) of the users of flask-api-users, and for what
    `flask accounts export --with-password-hashes` writes. Passwords stay as they are: bcrypt
    hashes, which the next login brings up to date. Addresses, names, CPF and CNPJ keep to the same
    rules as when somebody registers.

    A line with an error, or whose address, CPF or id another account has, is reported on standard
    error with its number, and the rest is imported. It is safe to run the command again, also after
    a crash: accounts that were imported before are counted separately.

    Exits 0 when all are imported, 1 when lines had errors, 2 when the database does not answer or
    FILE cannot be read. What was counted until then is imported.
    """
    total, started = _Sum(), monotonic()
    try:
        with report_errors(), _progress(file) as advance:
            for batch in import_users(file, verified=verified):
                total.add(batch)
                advance(batch)
    finally:
        _print_summary(total, monotonic() - started)
    if total.faulty:
        click.get_current_context().exit(1)


@click.command("export")
@click.argument("file", default="-", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--with-password-hashes", is_flag=True, help="Needed to import the accounts again.")
@with_appcontext
def export(file: str, with_password_hashes: bool) -> None:
    """Write all accounts to FILE, which must not be there yet, or to standard output.

    One JSON object a line, as `flask accounts import` reads it. A file may be read by its owner
    alone. Accounts that change meanwhile are written as they are when their turn comes.

    Exits 0 when all are written, 1 when FILE exists, 2 when the database does not
    answer: then no FILE is left.
    """
    if with_password_hashes:
        click.echo("Passwords can be guessed from these hashes: keep the file secret.", err=True)
    written = 0
    with report_errors(), _open_output(file) as out:
        for account in export_users(with_hashes=with_password_hashes):
            click.echo(json.dumps(account, ensure_ascii=False), out)
            written += 1
    click.echo(f"exported {written}", err=True)


@contextmanager
def _open_output(file: str) -> Iterator:
    """Yield what to write to. A file is readable only by its owner, and removed after an error."""
    if file == "-":
        yield sys.stdout
        return
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}.") from None
    try:
        with open(made, "w", encoding="utf-8") as out:
            yield out
    except BaseException:
        Path(file).unlink(missing_ok=True)
        raise


@contextmanager
def _progress(file: BinaryIO) -> Iterator:
    """Yield a function that prints the errors of a batch and moves the progress bar."""
    size = _size(file)
    visible = size > 0 and sys.stderr.isatty()
    with click.progressbar(
        length=size, label="Importing", file=sys.stderr, hidden=not visible
    ) as bar:

        def advance(batch: Batch) -> None:
            for one in batch.faults:
                click.echo(f"{CLEAR_LINE if visible else ''}{_describe_fault(one)}", err=True)
            bar.update(batch.size)

        yield advance


def _size(file: BinaryIO) -> int:
    """The size in bytes; 0 for a pipe and the like."""
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _describe_fault(one: Fault) -> str:
    where = f"line {one.line} ({one.email})" if one.email else f"line {one.line}"
    if one.why:
        return f"{where}: {one.why.value}"
    words = [
        NOT_A_HASH
        if (path, reason.name) == (("password",), "INVALID_DATA")
        else fault(path, reason)
        for path, reason in one.fields
    ]
    return f"{where}: {' '.join(words)}"


def _print_summary(total: _Sum, seconds: float) -> None:
    if total.ignored:
        names = ", ".join(sorted(map(ascii, total.ignored)))
        click.echo(f"unknown fields, left out: {names}", err=True)
    if total.administrators:
        click.echo(f"administrators among those imported: {total.administrators}", err=True)
    click.echo(
        f"imported {total.imported}, imported before {total.known}, errors {total.faulty}"
        f", in {seconds:.1f} s"
    )
