"""The application: `app` for the flask command (FLASK_APP), `rsgi` for granian."""

import gc
import sys

from app.config import SettingsError, current
from app.factory import create_app

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

# Imported only now, since extensions come first: see app/factory.py.
from app.models.connection import most_connections
from app.web.server.rsgi_adapter import RsgiAdapter

# More threads than connections would not answer sooner. They would compete for the next free
# connection, and a thread that waits too long for one answers that the database is away.
threads = int(min(current().threads, most_connections()))
rsgi = RsgiAdapter(app, threads=threads, max_body_bytes=current().limits.max_body_bytes)

# All objects made so far live as long as the process: exclude them from garbage collection.
gc.collect()
gc.freeze()
