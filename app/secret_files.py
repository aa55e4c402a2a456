"""Secrets in files, as containers are given theirs: NAME_FILE says where NAME stands."""

from collections.abc import Collection, Mapping
from pathlib import Path

ENDING = "_FILE"
LONGEST_SECRET = 16 * 1024  # bytes; past that it is not the file that was meant


class SecretFileError(Exception):
    """A secret cannot be had from its file: `variable` names the setting, `fault` says why.

    In one sentence that repeats neither the content nor the path: some write the secret there.
    """

    def __init__(self, variable: str, fault: str) -> None:
        super().__init__(f"{variable}: {fault}")
        self.variable = variable
        self.fault = fault


def read_secret_files(given: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """`given`, with those of `secrets` that are in files read from there, without outer blanks.

    Raises SecretFileError for a file that cannot be read, is empty, no text or longer than 16 KiB,
    and for a secret given both ways: which of them is old, nobody but the operator knows.
    """
    by_file = [name for name in secrets if name + ENDING in given]
    for name in by_file:
        if name in given:
            raise SecretFileError(name + ENDING, f"{name} is set too; give one of them.")
    return {**given, **{name: _read(name + ENDING, given[name + ENDING]) for name in by_file}}


def _read(variable: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(LONGEST_SECRET + 1)
        text = content.decode().strip()
    except OSError as error:
        raise SecretFileError(variable, f"Cannot be read: {error.strerror}.") from None
    except ValueError:  # a path or a content that is no text
        raise SecretFileError(variable, "Holds no UTF-8 text.") from None
    if len(content) > LONGEST_SECRET:
        raise SecretFileError(variable, f"Is longer than {LONGEST_SECRET} bytes.")
    if not text:
        raise SecretFileError(variable, "Is empty.")
    return text
