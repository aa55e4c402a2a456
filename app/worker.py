"""The worker: sends the mail of the outbox, beside the servers; several may run.

``python -m app.worker`` works until SIGTERM or SIGINT, and first finishes the mail it is sending.
"""

import signal
import sys
from typing import TYPE_CHECKING

from app import config
from app.config import SettingsError
from app.extension import register_extensions

if TYPE_CHECKING:
    from app.mail.delivery import LineFormat, MailTransport


def main(fallback: "MailTransport | None" = None, format_line: "LineFormat | None" = None) -> int:
    """Work until a stop signal and return 0.

    When settings are wrong, write one line for each to standard error and return 2. `fallback`
    sends the mail where there is no SMTP_URL; production never uses it. `format_line` replaces
    the JSON of the log.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # process 1 ignores it by default
    try:
        settings = config.load_settings()
        config.use(settings)
        register_extensions(settings)
        from app import mail_worker  # it is built from the tables that extensions add to

        mail_worker.run(settings, fallback, format_line)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
