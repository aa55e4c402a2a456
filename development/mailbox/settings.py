"""MAIL_FOLDER: the folder of the mailbox."""

import os
from contextlib import suppress
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).parent.parent.parent
VARIABLE = "MAIL_FOLDER"
DEFAULT = ".data/mail"


def find_mail_folder() -> Path:
    """The folder that MAIL_FOLDER names in the environment or the .env file; default .data/mail.

    A relative path starts at the root of the project. ENV_FILE names another file than .env.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        with suppress(UnicodeDecodeError):  # load_settings() reports it
            given = dotenv_values(os.environ.get("ENV_FILE", ROOT / ".env")).get(VARIABLE)
    return ROOT / (given or DEFAULT)
