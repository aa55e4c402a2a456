"""How commands report errors: a line on standard error, and an exit code.

1: the command was refused, or a check failed. 2: the command did not run, or was interrupted: the
database does not answer, a setting is wrong, or the command line is invalid.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.config import SettingsError
from app.errors import AccountError, AnyErrorReason, ErrorReason, FieldPath
from app.locales import OPERATOR_LOCALE, sentence

NOT_TRIED = 2


class NotTried(click.ClickException):
    """The command could not run, now or with these settings."""

    exit_code = NOT_TRIED


@contextmanager
def report_errors() -> Iterator[None]:
    """Report an unavailable database, a wrong setting or a refusal in one line, no traceback.

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
    """Describe the error of one value in words, with the name of its reason for scripts."""
    words = "This value does not fit."
    if reason is not ErrorReason.INVALID_DATA:
        words = sentence(reason, OPERATOR_LOCALE, "user")
    return f"{'.'.join(map(str, path))}: {words} [{reason.name}]"


def _describe_error(error: AccountError) -> str:
    words = sentence(error.reason, OPERATOR_LOCALE, error.resource)
    return "\n".join([words, *(f"  {fault(*one)}" for one in error.fields)])
