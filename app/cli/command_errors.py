"""How a command ends that could not do its work: what is wrong on standard error, and an exit code.

1: it was refused, or something is not as it should be. 2: it was not tried, or broke off, since
the database does not answer, a setting is wrong or the command was not understood.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.config import SettingsError
from app.errors import AccountError, AnyErrorReason, ErrorReason, FieldPath
from app.locales import OPERATOR_LOCALE, sentence

NOT_TRIED = 2


class NotTried(click.ClickException):
    """The command could not be carried out, now or with these settings; said in one line."""

    exit_code = NOT_TRIED


@contextmanager
def report_errors() -> Iterator[None]:
    """Say that the database is away, what is wrong with a setting, or why it is refused, instead
    of a traceback.

    Raises click.ClickException; NotTried.
    """
    try:
        yield
    except SettingsError as error:
        raise NotTried(str(error)) from None
    except AccountError as error:
        if error.reason is ErrorReason.DATABASE_UNAVAILABLE:
            raise NotTried(f"The database does not answer ({error}).") from None
        if error.reason is ErrorReason.EXCEPTION:
            raise
        raise click.ClickException(_describe_error(error)) from None


def fault(path: FieldPath, reason: AnyErrorReason) -> str:
    """What is wrong with one value, in words, and the reason by its name for scripts."""
    words = "This value does not fit."
    if reason is not ErrorReason.INVALID_DATA:
        words = sentence(reason, OPERATOR_LOCALE, "user")
    return f"{'.'.join(map(str, path))}: {words} [{reason.name}]"


def _describe_error(error: AccountError) -> str:
    words = sentence(error.reason, OPERATOR_LOCALE, error.resource)
    return "\n".join([words, *(f"  {fault(*one)}" for one in error.fields)])
