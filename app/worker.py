"""The worker: delivers what stands in the outbox, beside the servers; several may run.

``python -m app.worker`` works until SIGTERM or SIGINT, and finishes the mail in hand first.
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
from app.mail.mailbox import Mailbox
from app.mail.smtp import MailServer
from app.models import connection
from app.signals import hear_signals

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks into an empty outbox
OF_THE_LEASE = 0.4  # what a conversation may take of it; the rest is for clocks that disagree


def main(compose: Compose = compose) -> int:
    """Work until told to stop and return 0; refuse with a line for each wrong setting: 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the first process would ignore it
    try:
        settings = config.load_settings()
        delivery = make_delivery(settings, compose)
        connection.connect(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config.use(settings)
    heard = hear_signals()
    _work(delivery, lambda: bool(heard))
    return 0


def make_delivery(settings: Settings, compose: Compose) -> Delivery:
    """How mail is delivered under these settings: without SMTP_URL, into a folder.

    Raises SettingsError in production, which cannot do without a mail server, sender or front end.
    """
    wanted = {
        "SMTP_URL": settings.smtp_url,
        "MAIL_FROM": settings.mail_from,
        "FRONTEND_URL": settings.frontend_url,
    }
    missing = [name for name, value in wanted.items() if not value]
    if settings.production and missing:
        raise SettingsError(
            "\n".join(f"{name}: Production's worker needs one." for name in missing)
        )
    return Delivery(
        compose=compose,
        transport=_transport(settings),
        sender=settings.mail_from,
        frontend_url=settings.frontend_url,
        default_locale=settings.default_locale,
        lease_seconds=settings.outbox_lease_seconds,
        retry_seconds=settings.outbox_retry_seconds,
    )


def _transport(settings: Settings) -> MailTransport:
    if settings.smtp_url:
        return MailServer.at(settings.smtp_url, settings.outbox_lease_seconds * OF_THE_LEASE)
    return Mailbox(settings.mail_folder)


def _work(delivery: Delivery, told_to_stop: Callable[[], bool]) -> None:
    pause, away = SHORTEST_PAUSE, False
    while not told_to_stop():
        try:
            found = delivery.deliver_next()
        except AccountError:
            found = None
        if away != (found is None):
            away = found is None
            sys.stderr.write(f"The database {'is away: waiting' if away else 'answers again'}.\n")
        pause = SHORTEST_PAUSE if found else min(pause * 2, LONGEST_PAUSE)
        if not found:
            _sleep(pause, told_to_stop)


def _sleep(seconds: float, told_to_stop: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not told_to_stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, SHORTEST_PAUSE))


if __name__ == "__main__":
    sys.exit(main())
