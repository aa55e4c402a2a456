"""FLASK_APP: the application as the flask command finds it, and as granian carries it."""

import gc
import sys

from app.config import SettingsError, current
from app.factory import create_app
from app.models.connection import most_connections
from app.web.server.rsgi_adapter import RsgiAdapter

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))

# More threads than connections would not answer sooner: they would outrun each other to the next
# free connection, and whoever lost too often would be told that the database is away.
threads = int(min(current().threads, most_connections()))
rsgi = RsgiAdapter(app, threads=threads, max_body_bytes=current().limits.max_body_bytes)

# What has been made by now lives as long as the process: the collector need not look at it again.
gc.collect()
gc.freeze()
