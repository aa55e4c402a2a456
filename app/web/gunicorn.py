"""gunicorn's settings, each with its reason: gunicorn --config python:app.web.gunicorn."""

import sys

from app.config import SettingsError, load_settings

try:
    settings = load_settings()
except SettingsError as error:
    sys.exit(str(error))

bind = f"{settings.host}:{settings.port}"
worker_class = "gthread"  # bcrypt and the driver release the interpreter: threads overlap them
workers = settings.workers
threads = settings.threads
keepalive = 75  # seconds; longer than a proxy keeps its own idle connections (nginx: 60)
graceful_timeout = 30  # seconds a request in flight has after SIGTERM
control_socket_disable = True  # it would open in the home directory, where several servers collide
accesslog = None  # app.web.logs writes one line a request, without query strings
