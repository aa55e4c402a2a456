"""The mail in the outbox as its recipients get it: composed as by the worker, then removed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlparse

from itsdangerous import TimestampSigner

from app.accounts.mail_content import compose
from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord


@dataclass(frozen=True)
class Letter:
    """A sent mail: its kind, its address, and the values of its template."""

    kind: str
    to: str
    values: Mapping[str, Any]

    @property
    def token(self) -> str:
        """The token of its link."""
        return parse_qs(urlparse(self.values["link"]).query)["token"][0]


def deliver_mail() -> list[Letter]:
    """Deliver all mail of the outbox, oldest first; return the letters that have content."""
    outbox = OutgoingMail._get_collection()
    mails = [OutgoingMailRecord(stored) for stored in outbox.find(sort=[("created_at", 1)])]
    outbox.delete_many({})
    composed = [(mail, compose(mail)) for mail in mails]
    return [Letter(mail.kind, mail.to, values) for mail, values in composed if values is not None]


def deliver_letter(kind: str) -> Letter:
    """Deliver all mail of the outbox; return the only letter of this kind."""
    (found,) = [mail for mail in deliver_mail() if mail.kind == kind]
    return found


@contextmanager
def sign_links_earlier(**ago: float) -> Iterator[None]:
    """Sign links in this block as if it were `timedelta(**ago)` ago."""
    then = int(time.time() - timedelta(**ago).total_seconds())
    with patch.object(TimestampSigner, "get_timestamp", lambda _: then):
        yield
