"""The variables that the settings are read from, and those of them that may be in files."""

from app.config import list_variables

VARIABLES = set(list_variables())
SECRETS = sorted(name for name in VARIABLES if f"{name}_FILE" in VARIABLES)
