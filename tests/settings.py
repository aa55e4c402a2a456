"""The environment variables of the settings, and those of them that may be read from files."""

from app.config import list_variables

VARIABLES = set(list_variables())
SECRETS = sorted(name for name in VARIABLES if f"{name}_FILE" in VARIABLES)
