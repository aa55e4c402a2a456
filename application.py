"""FLASK_APP: the application as the flask command finds it, and as granian carries it."""

import gc
import sys

from app.config import SettingsError, current
from app.factory import create_app
from app.web.carrier import Carrier

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))

carrier = Carrier(app, threads=current().threads, max_body_bytes=current().limits.max_body_bytes)

# What has been made by now lives as long as the process: the collector need not look at it again.
gc.collect()
gc.freeze()
