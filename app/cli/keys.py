"""flask keys ...: the keys that sign the tokens."""

import json
from dataclasses import dataclass
from datetime import datetime

import click
from flask.cli import AppGroup

from app.cli.command_errors import report_errors
from app.clock import now
from app.config import TOKEN_ALGORITHMS, current
from app.models.signing_key import find_keys, remove_keys
from app.security import key_ring

key_commands = AppGroup(
    "keys",
    help="The keys that sign the tokens. While none is stored, SECRET_KEY signs (HS256).",
)


@dataclass(frozen=True)
class Row:
    """A key as it is listed, without its secret."""

    kid: str
    algorithm: str
    state: str
    created_at: datetime
    signs_from: datetime
    expires_at: datetime | None

    @property
    def values(self) -> dict[str, str | None]:
        """All as text."""
        return {
            name: f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value
            for name, value in vars(self).items()
        }


@key_commands.command("rotate")
@click.option(
    "--algorithm",
    type=click.Choice(TOKEN_ALGORITHMS),
    help="The algorithm of the new key. Default: JWT_ALGORITHM.",
)
@click.option(
    "--at-once",
    is_flag=True,
    help="Sign with it at once, although not every server knows it yet: for a leaked key.",
)
def rotate(algorithm: str | None, at_once: bool) -> None:
    """Create a new signing key.

    It begins to sign after a minute (RS256 and EdDSA: six minutes), when every server and every
    reader of /.well-known/jwks.json knows it. Nobody is signed out: older keys verify until the
    last tokens that they signed have expired, and are then removed.
    """
    with report_errors():
        key = key_ring.rotate_keys(algorithm or current().token_algorithm, at_once=at_once)
    click.echo(f"Made {key.kid} ({key.algorithm}): signs from {key.signs_from:%Y-%m-%dT%H:%M:%SZ}")


@key_commands.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for scripts.")
def list_(as_json: bool) -> None:
    """List the keys, newest first, without their secrets.

    State: `next` will sign, `signs` signs every new token, `verifies` only verifies, until its
    tokens have expired. Times are in UTC.
    """
    with report_errors():
        rows = [row.values for row in _rows()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo(f"{'KID':18}{'ALGORITHM':11}{'STATE':10}{'CREATED':22}{'SIGNS FROM':22}GONE AT")
    for row in rows:
        click.echo(
            f"{row['kid']:18}{row['algorithm']:11}{row['state']:10}{row['created_at']:22}"
            f"{row['signs_from']:22}{row['expires_at'] or '-'}"
        )


@key_commands.command("check")
def check() -> None:
    """Check that SECRET_KEY decrypts all keys; exits 2 if it does not.

    Creates the first key of JWT_ALGORITHM if there is none. `./boot.sh serve` runs it first.
    """
    with report_errors():
        signing = key_ring.read_keys().signing()
    click.echo(f"{signing.kid} ({signing.algorithm}) signs")


@key_commands.command("remove")
@click.argument("kids", nargs=-1, required=True, metavar="KID...")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(kids: tuple[str, ...], yes: bool) -> None:
    """Remove keys. Their tokens are refused within half a minute.

    For a leaked key, run `flask keys rotate --at-once` first: the newest key can only be removed
    together with all others.
    """
    with report_errors():
        stored = [key.id for key in find_keys()]
    if unknown := [kid for kid in kids if kid not in stored]:
        raise click.ClickException(f"Not stored: {', '.join(unknown)}. Nothing was removed.")
    if stored[0] in kids and set(stored) != set(kids):
        raise click.ClickException(f"{stored[0]} is the newest: rotate first. Nothing was removed.")
    if not yes:
        click.confirm("Their tokens will be refused. Remove them?", abort=True)
    with report_errors():
        click.echo(f"Removed {remove_keys(list(kids))}")


def _rows() -> list[Row]:
    moment = now()
    stored = find_keys() or [key_ring.first_key(moment)]
    signing = next((key for key in stored if key.signs_from <= moment), stored[-1])
    rows = []
    for key in stored:
        state = "next" if key.number > signing.number else "verifies"
        state = "signs" if key is signing else state
        times = key.created_at, key.signs_from, key.expires_at
        rows.append(Row(key.id, key.algorithm, state, *times))
    return rows
