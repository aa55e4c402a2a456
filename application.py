"""FLASK_APP: the application that servers and the flask command find."""

import sys

from app.config import SettingsError
from app.factory import create_app

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))
