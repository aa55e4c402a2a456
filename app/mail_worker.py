"""The loop of the worker: send mail while there is some, wait while there is none."""

import sys
import time
from collections.abc import Callable

from app.accounts.mail_content import compose
from app.config import Settings, SettingsError
from app.errors import AccountError
from app.extension import load_parts
from app.mail import delivery
from app.mail.delivery import Delivery, LineFormat, MailTransport
from app.mail.senders import SENDERS, get_scheme
from app.models import connection
from app.signals import record_stop_signals

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks into an empty outbox
SHARE_OF_LEASE = 0.4  # for one SMTP conversation; the rest allows for clocks that disagree


def run(
    settings: Settings,
    fallback: MailTransport | None = None,
    format_line: LineFormat | None = None,
) -> None:
    """Work until a stop signal. See app.worker.main. Raises SettingsError."""
    load_parts()
    prepared = make_delivery(settings, fallback)
    connection.connect(settings)
    if format_line:
        delivery.use_format(format_line)
    stop_signals = record_stop_signals()
    _work(prepared, lambda: bool(stop_signals))


def make_delivery(settings: Settings, fallback: MailTransport | None = None) -> Delivery:
    """How mail is delivered under these settings.

    Raises SettingsError without a mail server (or a `fallback` outside production), a sender or a
    front end.
    """
    transport = None if settings.production else fallback
    if settings.smtp_url:
        seconds = settings.outbox_lease_seconds * SHARE_OF_LEASE
        transport = SENDERS[get_scheme(settings.smtp_url)].at(settings.smtp_url, seconds)
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
