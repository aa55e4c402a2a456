"""Input data with made-up people."""

from itertools import count
from typing import Any

PASSWORD = "uma frase longa e boa"
_numbers = count(1)


def person(**changes: Any) -> dict[str, Any]:
    """Return the input of a valid registration; `changes` replace values, None removes them."""
    number = next(_numbers)
    given = {
        "fullName": f"Pessoa {number}",
        "email": f"pessoa{number}@example.com",
        "password": PASSWORD,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}
