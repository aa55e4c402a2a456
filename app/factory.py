"""create_app(): the application of these settings and extensions."""

from flask import Flask

from app import config
from app.config import Settings
from app.extension import register_extensions


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, by default those of the environment and .env.

    One application a process: settings, extensions and the database's client are the process's
    own. Raises SettingsError. It does not connect to the database yet.
    """
    settings = settings or config.load_settings()
    config.use(settings)
    register_extensions(settings)
    # Imported only now: documents and types are built from the tables that extensions add to.
    from app.assembly import assemble

    return assemble(settings)
