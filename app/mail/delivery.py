"""Delivery: lease a mail of the outbox, send it, and remove it; or try again later."""

import os
import random
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any, Protocol

import orjson
from bson import ObjectId

from app.clock import now
from app.errors import AccountError, ErrorReason
from app.mail.rendering import render
from app.mail.smtp import LeaseLostError, SendError
from app.models.outgoing_mail import (
    OutgoingMailRecord,
    extend_lease,
    finish,
    give_up,
    lease_next,
    postpone,
)

LONGEST_WAIT = 3600  # seconds between two attempts
GIVE_UP_AFTER = timedelta(days=1)  # since the first attempt: workers may have been away before it
MOST_ATTEMPTS = 100  # more than fit into a day: workers crash while they deliver this mail
STANDARD_ERROR = 2
Compose = Callable[[OutgoingMailRecord], Mapping[str, Any] | None]
LineFormat = Callable[[dict[str, Any]], bytes]  # one line of the log, with its newline


class MailTransport(Protocol):
    """Sends messages: app.mail.smtp.MailServer, or a mailbox in development."""

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Return when the message has been accepted; raise when it has not.

        Ask `still_ours` just before the message is sent. If it returns False, do not send, and
        raise LeaseLostError. The words of a SendError are logged; of other errors only the type.
        """


@dataclass(frozen=True)
class Delivery:
    """Delivers the mail of the outbox.

    compose: returns the values of a mail's template, or None when there is nothing to send.
    lease_seconds, retry_seconds: see OUTBOX_LEASE_SECONDS and OUTBOX_RETRY_SECONDS.
    accepted: mail that was sent, and could not be removed yet.
    """

    compose: Compose
    transport: MailTransport
    sender: Address
    frontend_url: str
    default_locale: str
    lease_seconds: int
    retry_seconds: int
    accepted: set[ObjectId] = field(default_factory=set)

    def deliver_next(self) -> bool:
        """Lease the mail that is due longest and deliver it. Returns False when none is due.

        Raises AccountError(DATABASE_UNAVAILABLE). The mail is then due again when its lease ends.
        """
        mail = lease_next(self.lease_seconds)
        if mail is None:
            return False
        if mail.id in self.accepted:  # the database was away longer than the lease
            self._remove(mail)
            return True
        if mail.attempts > MOST_ATTEMPTS:
            _give_up(mail, "taken up too often")
            return True
        try:
            is_sent = self._send(mail)
        except LeaseLostError:
            log_outcome(mail, "lost")
        except Exception as error:  # one mail that cannot be written must not stop all others
            if isinstance(error, AccountError) and error.reason is ErrorReason.DATABASE_UNAVAILABLE:
                raise
            self._retry_later(mail, error)
        else:
            log_outcome(mail, "sent" if is_sent else "dropped")
            self.accepted.add(mail.id)
            self._remove(mail)
        return True

    def _send(self, mail: OutgoingMailRecord) -> bool:
        values = self.compose(mail)
        if values is None:
            return False
        locale = values.get("locale") or mail.locale or self.default_locale
        message = render(mail, values, locale=locale, sender=self.sender, home=self.frontend_url)
        self.transport.send(message, lambda: extend_lease(mail, self.lease_seconds))
        return True

    def _remove(self, mail: OutgoingMailRecord) -> None:
        """Remove a mail that was sent; try as long as its lease keeps others from sending it."""
        until = time.monotonic() + self.lease_seconds
        while True:
            try:
                finish(mail)
                self.accepted.discard(mail.id)
                return
            except AccountError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)

    def _retry_later(self, mail: OutgoingMailRecord, error: Exception) -> None:
        first_try = mail.first_tried_at or now()
        left = (first_try + GIVE_UP_AFTER - now()).total_seconds()
        if left <= 0:
            _give_up(mail, _describe(error))
            return
        wait = min(wait_before(mail.attempts + 1, self.retry_seconds), left)
        postpone(mail, wait)
        log_outcome(mail, "postponed", level="WARNING", why=_describe(error), seconds=round(wait))


def _give_up(mail: OutgoingMailRecord, why: str) -> None:
    give_up(mail)
    log_outcome(mail, "given up", level="ERROR", why=why)


def wait_before(attempt: int, first: int) -> float:
    """Return the seconds to wait before an attempt, the second or a later one.

    `first` seconds, then twice as many each time, an hour at most. Each wait is up to a quarter
    shorter at random, so that mails that failed together are not retried together.
    """
    doubled = min(first * 2 ** min(attempt - 2, 12), LONGEST_WAIT)
    return doubled * random.uniform(0.75, 1)  # noqa: S311  no secret


def log_outcome(
    mail: OutgoingMailRecord, outcome: str, *, level: str = "INFO", **more: object
) -> None:
    """Write one line of JSON to standard error, without addresses and without a mail's content."""
    line = {"at": now(), "level": level, "mail": str(mail.id), "kind": mail.kind}
    line |= {"outcome": outcome, "attempt": mail.attempts, **more}
    with suppress(OSError):  # the reader of the log has gone: deliver mail all the same
        os.write(STANDARD_ERROR, _format(line))


def use_format(format_line: LineFormat) -> None:
    """Write the outcome of a mail in another format than JSON: one line with its newline."""
    global _format
    _format = format_line


def _format_json(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


_format: LineFormat = _format_json


def _describe(error: Exception) -> str:
    """Return what went wrong. The text of an unexpected error may hold data, and is left out."""
    if isinstance(error, SendError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"
