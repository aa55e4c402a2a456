"""What the outbox owes, as its readers get it: composed as the worker does, then gone."""

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
    """A mail that is sent: its kind, its address, and what its template is filled with."""

    kind: str
    to: str
    values: Mapping[str, Any]

    @property
    def token(self) -> str:
        """The token of its link."""
        return parse_qs(urlparse(self.values["link"]).query)["token"][0]


def delivered() -> list[Letter]:
    """Every mail that is owed, the oldest first; those with nothing to say are not among them."""
    outbox = OutgoingMail._get_collection()
    mails = [OutgoingMailRecord(stored) for stored in outbox.find(sort=[("created_at", 1)])]
    outbox.delete_many({})
    composed = [(mail, compose(mail)) for mail in mails]
    return [Letter(mail.kind, mail.to, values) for mail, values in composed if values is not None]


def letter(kind: str) -> Letter:
    """The only mail of a kind that is owed; the others are delivered, too."""
    (found,) = [mail for mail in delivered() if mail.kind == kind]
    return found


@contextmanager
def signed_earlier(**ago: float) -> Iterator[None]:
    """Links that are composed within bear the time of `timedelta(**ago)` before now."""
    then = int(time.time() - timedelta(**ago).total_seconds())
    with patch.object(TimestampSigner, "get_timestamp", lambda _: then):
        yield
