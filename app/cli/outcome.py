"""How a command ends that could not do its work: one line on standard error, and exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.config import SettingsError
from app.errors import AccountError, ErrorReason


@contextmanager
def said_in_a_line() -> Iterator[None]:
    """Say that the database is away, or what is wrong with a setting, instead of a traceback.

    Raises click.ClickException.
    """
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except AccountError as error:
        if error.reason is not ErrorReason.DATABASE_UNAVAILABLE:
            raise
        raise click.ClickException(f"The database does not answer ({error}).") from None
