"""Made-up people."""

from itertools import count
from typing import Any

PASSWORD = "uma frase longa e boa"
_numbers = count(1)


def person(**changes: Any) -> dict[str, Any]:
    """The input of a registration that succeeds; `changes` replace or, when None, remove parts."""
    number = next(_numbers)
    given = {
        "fullName": f"Pessoa {number}",
        "email": f"pessoa{number}@example.com",
        "password": PASSWORD,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}
