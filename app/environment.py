"""Environment variables, read by environs from a mapping, secrets also from files."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar, cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.fields import Function
from marshmallow.validate import Range

DEVELOPMENT, PRODUCTION = "development", "production"
ENVIRONMENTS = (DEVELOPMENT, "testing", PRODUCTION)
LONGEST_SECRET = 16 * 1024  # bytes; a longer file is surely the wrong one

T = TypeVar("T")
D = TypeVar("D")


class Environment(Env):
    """An Env that reads `variables` in place of the process's own, and collects all errors.

    Blanks around a value are removed. A blank value counts as not set: compose files cannot
    unset a variable in another way.
    """

    def __init__(self, variables: Mapping[str, str | None]) -> None:
        super().__init__(eager=False)
        self.add_parser_from_field("function", Function)
        self.names: list[str] = []  # of the variables that have been read, in order
        stripped = {name: (value or "").strip() for name, value in variables.items()}
        self._given = {name: value for name, value in stripped.items() if value}

    @property
    def production(self) -> bool:
        """Whether these are the variables of a server in production."""
        return self._given.get("FLASK_ENV", PRODUCTION) == PRODUCTION

    def integer(self, name: str, default: D, least: int, most: int) -> int | D:
        """Read a whole number between `least` and `most`."""
        value: int | D = self.int(name, cast(Any, default), validate=Range(least, most))
        return value

    def parse(self, name: str, default: D, parser: Callable[[str], T]) -> T | D:
        """Read a variable with `parser`, which raises ValidationError for a wrong value."""
        value: T | D = self.function(name, default, deserialize=parser)
        return value

    def secret(
        self, name: str, default: D, validate: Callable[[str], object] | None = None
    ) -> str | D:
        """Read a secret from the variable `name`, or from the file that `name`_FILE names."""
        file = f"{name}_FILE"

        def read(path: str) -> str:
            if name in self._given:
                raise ValidationError(f"{name} is set too; give one of them.")
            return read_secret_file(path)

        content = self.parse(file, None, read)
        if content is not None:
            self._given[name] = content
        value: str | D = self.str(name, cast(Any, default), validate=validate)
        return value

    def is_set(self, name: str) -> bool:
        """Whether a secret is given, be it wrong: as a variable or as a file."""
        return name in self._given or f"{name}_FILE" in self._given

    def errors(self) -> dict[str, list[str]]:
        """Return what is wrong by variable. Nothing can be read afterwards."""
        try:
            self.seal()
        except EnvValidationError as error:
            return dict(cast(Mapping[str, list[str]], error.error_messages))
        return {}

    # environs has no public way to read from a mapping; its own FileAwareEnv overrides this too.
    def _get_value(self, env_key: str, default: T) -> str | T:
        self.names.append(env_key)
        return self._given.get(env_key, default)


def setting(read: Callable[[Environment], T]) -> T:
    """Declare a field of a dataclass as a setting, which `read` takes from the environment."""
    declared: T = field(metadata={"read": read})
    return declared


def read_secret_file(path: str) -> str:
    """Return the text of a file of a secret, without blanks around it.

    Raises ValidationError if the file cannot be read, is empty, is not UTF-8 or is longer than
    16 KiB. Its message repeats neither content nor path: some give the secret as the path.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LONGEST_SECRET + 1)
        if len(content) > LONGEST_SECRET:
            raise ValidationError(f"Is longer than {LONGEST_SECRET} bytes.")
        text = content.decode().strip()
    except OSError as error:
        raise ValidationError(f"Cannot be read: {error.strerror}.") from None
    except ValueError:  # the path holds a null byte, or the content is not UTF-8
        raise ValidationError("Holds no UTF-8 text.") from None
    if not text:
        raise ValidationError("Is empty.")
    return text
