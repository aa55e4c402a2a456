"""The worker: delivers the mail in the outbox. Run it beside the servers; several may run at once.

``python -m app.worker`` works until SIGTERM or SIGINT, and first finishes the mail it is sending.
"""

import signal
import sys
import time
from collections.abc import Callable

from app import config
from app.accounts.mail_content import compose
from app.config import Settings, SettingsError
from app.errors import AccountError
from app.mail.delivery import Compose, Delivery, MailTransport
from app.mail.smtp import MailServer
from app.models import connection
from app.signals import record_stop_signals

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks into an empty outbox
SHARE_OF_LEASE = 0.4  # for one SMTP conversation; the rest allows for clocks that disagree


def main(compose: Compose = compose, fallback: MailTransport | None = None) -> int:
    """Work until a stop signal and return 0.

    When settings are wrong, write one line for each to standard error and return 2. `fallback` is
    how messages leave without SMTP_URL; production never uses it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # process 1 ignores it by default
    try:
        settings = config.load_settings()
        delivery = make_delivery(settings, compose, fallback)
        connection.connect(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config.use(settings)
    stop_signals = record_stop_signals()
    _work(delivery, lambda: bool(stop_signals))
    return 0


def make_delivery(
    settings: Settings, compose: Compose, fallback: MailTransport | None = None
) -> Delivery:
    """How mail is delivered under these settings.

    Raises SettingsError without a mail server (or a `fallback` outside production), a sender or a
    front end.
    """
    transport: MailTransport | None = None if settings.production else fallback
    if settings.smtp_url:
        transport = MailServer.at(settings.smtp_url, settings.outbox_lease_seconds * SHARE_OF_LEASE)
    sender, frontend_url = settings.mail_from, settings.frontend_url
    if transport is None or sender is None or frontend_url is None:
        needed = {"SMTP_URL": transport, "MAIL_FROM": sender, "FRONTEND_URL": frontend_url}
        worker = "Production's worker" if settings.production else "The worker"
        raise SettingsError(
            "\n".join(f"{name}: {worker} needs one." for name, value in needed.items() if not value)
        )
    return Delivery(
        compose=compose,
        transport=transport,
        sender=sender,
        frontend_url=frontend_url,
        default_locale=settings.default_locale,
        lease_seconds=settings.outbox_lease_seconds,
        retry_seconds=settings.outbox_retry_seconds,
    )


def _work(delivery: Delivery, is_stopping: Callable[[], bool]) -> None:
    pause, is_away = SHORTEST_PAUSE, False
    while not is_stopping():
        try:
            found = delivery.deliver_next()
        except AccountError:
            found = None
        if is_away != (found is None):
            is_away = found is None
            state = "does not answer; waiting" if is_away else "answers again"
            sys.stderr.write(f"The database {state}.\n")
        pause = SHORTEST_PAUSE if found else min(pause * 2, LONGEST_PAUSE)
        if not found:
            _sleep(pause, is_stopping)


def _sleep(seconds: float, is_stopping: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not is_stopping() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, SHORTEST_PAUSE))


if __name__ == "__main__":
    sys.exit(main())
