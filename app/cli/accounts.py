"""flask accounts ...: one account at a time, and the list of all."""

import json
import sys
from collections.abc import Iterator
from itertools import islice

import click
from flask.cli import AppGroup

from app.accounts.administration import set_user_active, set_user_roles
from app.accounts.caller import OPERATOR
from app.accounts.create_admin import create_admin, find_account_id
from app.accounts.pagination import LARGEST_PAGE, make_slice
from app.accounts.user_list import list_accounts, select_accounts
from app.cli.account_files import export, import_
from app.cli.command_errors import report_errors
from app.errors import AccountError, ErrorReason
from app.models.keyset import Position
from app.models.user_records import UserRecord
from app.permissions import ROLES

LISTED = (
    *("id", "email", "full_name", "email_verified", "active", "roles", "created_at"),
    "last_login_at",
)
SECOND = "%Y-%m-%dT%H:%M:%SZ"

account_commands = AppGroup(
    "accounts",
    help="""All accounts.

    Exit codes: 0 done; 1 refused, wholly or in part; 2 invalid command, or the database does not
    answer.
    """,
)
account_commands.add_command(import_)
account_commands.add_command(export)


@account_commands.command("create-admin")
@click.option("--name", help="The full name. Default: asked for.")
@click.option("--email", help="The e-mail address. Default: asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--verified", is_flag=True, help="The address counts as verified: no verification mail."
)
def create(name: str | None, email: str | None, password_stdin: bool, verified: bool) -> None:
    """Create an account with the role ADMIN.

    The password is asked for twice and not shown. The rules are those of registration. Exits 1, and
    creates nothing, when a rule is broken or the address has an account.
    """
    if password_stdin and (name is None or email is None):
        raise click.UsageError("--password-stdin needs --name and --email: it is read for neither.")
    name = name if name is not None else _asked("Full name")
    email = email if email is not None else _asked("E-mail")
    given = {"full_name": name, "email": email, "password": _password(password_stdin)}
    with report_errors():
        try:
            made = create_admin(given, verified=verified)
        except AccountError as refusal:
            if refusal.reason is not ErrorReason.ALREADY_EXISTS:
                raise
            raise click.ClickException(
                "An account with this address exists. "
                "`flask accounts set-role EMAIL ADMIN` makes it an administrator."
            ) from None
    click.echo(f"Made {made.email} ({made.id}): {', '.join(made.roles)}")


@account_commands.command("set-role")
@click.argument("email")
@click.argument("roles", nargs=-1, required=True, type=click.Choice(list(ROLES)))
def set_role(email: str, roles: tuple[str, ...]) -> None:
    """Set the roles of the account of EMAIL to ROLES. The role USER is always kept.

    The change takes effect with the account's next request. Exits 1 when there is no such account,
    or no administrator would be left.
    """
    with report_errors():
        changed = set_user_roles(find_account_id(email), roles, OPERATOR)
    click.echo(f"{changed.email}: {', '.join(changed.roles)}")


@account_commands.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Deactivate the account of EMAIL and end its sessions.

    Exits 1 when there is no such account, or no administrator would be left.
    """
    _set_active(email, active=False)


@account_commands.command("activate")
@click.argument("email")
def activate(email: str) -> None:
    """Activate the account of EMAIL. Exits 1 when there is no such account."""
    _set_active(email, active=True)


@account_commands.command("list")
@click.option("--search", help="The start of the address, or of a word of the name.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="The most accounts to list. Default: all."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
def list_(search: str | None, limit: int | None, as_json: bool) -> None:
    """List the accounts, the newest first, without secrets. Times are in UTC."""
    with report_errors():
        for number, account in enumerate(islice(_accounts(search, limit), limit)):
            if not number and not as_json:
                click.echo(f"{'ID':26}{'CREATED':22}{'STATE':8}{'ROLES':13}E-MAIL, NAME")
            click.echo(_object(account) if as_json else _row(account))


def _accounts(search: str | None, limit: int | None) -> Iterator[UserRecord]:
    accounts, position = select_accounts({"search": search}, {}, OPERATOR), None
    size = min(limit or LARGEST_PAGE, LARGEST_PAGE)
    while True:
        asked = make_slice(first=size, after=position)
        page = list_accounts(accounts, asked, LISTED, OPERATOR)
        yield from page.rows
        if not page.has_next:
            return
        position = Position(page.rows[-1].created_at, page.rows[-1].id)


def _row(account: UserRecord) -> str:
    state = "active" if account.active else "closed"
    return (
        f"{account.id!s:26}{account.created_at:{SECOND}}  {state:8}"
        f"{','.join(account.roles):13}{account.email}, {account.full_name}"
    )


def _object(account: UserRecord) -> str:
    row = {name: getattr(account, name) for name in LISTED}
    row["id"] = str(account.id)
    for name in ("created_at", "last_login_at"):
        row[name] = row[name] and f"{row[name]:{SECOND}}"
    return json.dumps(row, ensure_ascii=False)


def _set_active(email: str, *, active: bool) -> None:
    with report_errors():
        changed = set_user_active(find_account_id(email), active, OPERATOR)
    click.echo(f"{changed.email}: {'active' if changed.active else 'closed'}")


def _asked(what: str) -> str:
    return click.prompt(what, err=True)


def _password(from_standard_input: bool) -> str:
    if not from_standard_input:
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        line = sys.stdin.buffer.readline().decode()
    except UnicodeDecodeError:
        raise click.UsageError("Standard input is not UTF-8.") from None
    return line.removesuffix("\n").removesuffix("\r")
