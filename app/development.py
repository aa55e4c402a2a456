"""The server of ./boot.sh dev: werkzeug's, with reload; builds the indexes before it serves.

Only the process that serves imports the application: the one that watches the files need not.
"""

import sys

from werkzeug.serving import is_running_from_reloader, run_simple

from app.config import SettingsError, load_settings


def main() -> None:
    """Serve on the settings' address until it is ended."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    application = _application() if is_running_from_reloader() else None
    run_simple(settings.host, settings.port, application, use_reloader=True, threaded=True)


def _application():
    from app.errors import AccountError
    from app.factory import create_app
    from app.models.indexes import build_indexes
    from app.security import key_ring

    app = create_app()
    try:
        build_indexes()
        key_ring.read_keys()
    except SettingsError as error:
        sys.exit(str(error))
    except AccountError:
        sys.exit("The database does not answer: is MONGODB_URI right?")
    return app


if __name__ == "__main__":
    main()
