"""Delivery: mail is taken from the outbox under a lease, sent, and noted; or tried again later."""

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
PATIENCE = timedelta(days=1)  # from the first attempt on: workers may have been away before
MOST_ATTEMPTS = 100  # more than fit into a day: somebody dies of this mail again and again
STANDARD_ERROR = 2
Compose = Callable[[OutgoingMailRecord], Mapping[str, Any] | None]


class Way(Protocol):
    """How a message leaves: app.mail.smtp.MailServer, or a mailbox in development."""

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Return when it has been accepted; raise when not."""


@dataclass(frozen=True)
class Delivery:
    """What a worker delivers with.

    compose: the values of a mail's template, or None when there is nothing to send.
    lease, first_wait: seconds; see OUTBOX_LEASE_SECONDS and OUTBOX_RETRY_SECONDS.
    """

    compose: Compose
    way: Way
    sender: Address
    home: str
    locale: str
    lease: int
    first_wait: int
    accepted: set[ObjectId] = field(default_factory=set)  # what is still to be noted as sent

    def deliver_next(self) -> bool:
        """Take up the mail that is due longest and see it through; False when none is due.

        Raises AccountError(DATABASE_UNAVAILABLE): the mail in hand is then taken up again when its
        lease has run out.
        """
        mail = lease_next(self.lease)
        if mail is None:
            return False
        if mail.id in self.accepted:  # the database was away longer than the lease
            self._finish(mail)
            return True
        if mail.attempts > MOST_ATTEMPTS:
            _give_up(mail, "taken up too often")
            return True
        try:
            sent = self._send(mail)
        except LeaseLostError:
            note(mail, "lost")
        except Exception as error:  # one mail that cannot be written may not stop all
            if isinstance(error, AccountError) and error.reason is ErrorReason.DATABASE_UNAVAILABLE:
                raise
            self._try_again(mail, error)
        else:
            note(mail, "sent" if sent else "dropped")
            self.accepted.add(mail.id)
            self._finish(mail)
        return True

    def _send(self, mail: OutgoingMailRecord) -> bool:
        values = self.compose(mail)
        if values is None:
            return False
        locale = values.get("locale") or mail.locale or self.locale
        message = render(mail, values, locale=locale, sender=self.sender, home=self.home)
        self.way.send(message, lambda: extend_lease(mail, self.lease))
        return True

    def _finish(self, mail: OutgoingMailRecord) -> None:
        """Note what was sent, for as long as the lease keeps others from sending it too."""
        until = time.monotonic() + self.lease
        while True:
            try:
                finish(mail)
                self.accepted.discard(mail.id)
                return
            except AccountError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)

    def _try_again(self, mail: OutgoingMailRecord, error: Exception) -> None:
        left = (mail.first_tried_at + PATIENCE - now()).total_seconds()
        if left <= 0:
            _give_up(mail, _why(error))
            return
        wait = min(wait_before(mail.attempts + 1, self.first_wait), left)
        postpone(mail, wait)
        note(mail, "postponed", level="WARNING", why=_why(error), seconds=round(wait))


def _give_up(mail: OutgoingMailRecord, why: str) -> None:
    give_up(mail)
    note(mail, "given up", level="ERROR", why=why)


def wait_before(attempt: int, first: int) -> float:
    """Seconds to wait before an attempt, the second or a later one: twice as many each time.

    An hour at most, and each up to a quarter less, so that what failed together is not tried
    together.
    """
    doubled = min(first * 2 ** min(attempt - 2, 12), LONGEST_WAIT)
    return doubled * random.uniform(0.75, 1)  # noqa: S311  nobody gains by guessing it


def note(mail: OutgoingMailRecord, outcome: str, *, level: str = "INFO", **more: object) -> None:
    """One JSON line on standard error: never an address, and nothing of what a mail says."""
    line = {"at": now(), "level": level, "mail": str(mail.id), "kind": mail.kind}
    line |= {"outcome": outcome, "attempt": mail.attempts, **more}
    with suppress(OSError):  # whoever reads the log has gone: mail is delivered all the same
        os.write(STANDARD_ERROR, _format(line))


def use_format(format_line: Callable[[dict[str, Any]], bytes]) -> None:
    """Write what becomes of a mail in another format than JSON: one line, its newline included."""
    global _format
    _format = format_line


def _format_json(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


_format = _format_json


def _why(error: Exception) -> str:
    """What went wrong; of what was not foreseen only kind and place: words may repeat values."""
    if isinstance(error, SendError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"
