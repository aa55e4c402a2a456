"""The server of ./boot.sh dev: werkzeug's, which reloads; it builds the indexes before it serves.

One process watches the files and starts the other, which serves. Only the latter imports the
whole application.
"""

import logging
import sys

from flask import Flask
from werkzeug.serving import is_running_from_reloader, run_simple

from app.config import Settings, SettingsError, load_settings
from app.models.connection import check_uri
from app.web.server.listen_address import check_address

NO_DATABASE = "MONGODB_URI: The database does not answer."


def main() -> None:
    """Serve until SIGTERM or SIGINT. For each wrong setting write a line, and exit with 2."""
    try:
        settings = load_settings()
        if is_running_from_reloader():
            _serve(settings, make_app(settings))
        else:
            check_uri(settings)
            check_address(settings.host, settings.port)
            _announce(settings)
            _serve(settings, None)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def make_app(settings: Settings) -> Flask:
    """The application with the mailbox at /dev/mail, its indexes built.

    Raises SettingsError, also when the database does not answer.
    """
    from app.errors import AccountError
    from app.factory import create_app
    from app.models.indexes import build_indexes
    from app.security import key_ring
    from development.mailbox.folder import Mailbox
    from development.mailbox.page import make_blueprint
    from development.mailbox.settings import find_mail_folder

    app = create_app(settings)
    if not settings.production:
        app.register_blueprint(make_blueprint(Mailbox(find_mail_folder())))
    try:
        build_indexes()
        key_ring.read_keys()
    except AccountError:
        raise SettingsError(NO_DATABASE) from None
    return app


def _announce(settings: Settings) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    lines = [f"GraphQL   {address}/graphql"]
    if settings.graphiql:
        lines.append(f"GraphiQL  {address}/graphiql")
    if not settings.production and not settings.smtp_url:
        lines.append(f"Mail      {address}/dev/mail")
    sys.stdout.write("\n".join([*lines, "Ctrl-C ends it; the data stays in .data/.", ""]))
    sys.stdout.flush()


def _serve(settings: Settings, app: Flask | None) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would announce itself in five lines
    application = app or _refuse_request
    run_simple(settings.host, settings.port, application, use_reloader=True, threaded=True)


def _refuse_request(*_: object) -> list[bytes]:
    raise RuntimeError("this process only watches the files; the one it starts serves")


if __name__ == "__main__":
    main()
