"""The table of mail senders by the scheme of SMTP_URL.

The check of SMTP_URL in app.setting_formats reads it. A sender therefore must not import the
settings, or what imports them.
"""

import re
from typing import TYPE_CHECKING, ClassVar, Protocol

from app.mail.smtp import MailServer

if TYPE_CHECKING:
    from app.mail.delivery import MailTransport


class Sender(Protocol):
    """A class that sends mail to the address of an SMTP_URL.

    URL: the pattern of the address. Its group `port` is the port or None.
    URL_FORM: the form of the address, for error messages.
    """

    URL: ClassVar[re.Pattern[str]]
    URL_FORM: ClassVar[str]

    @classmethod
    def at(cls, url: str, seconds: float) -> "MailTransport":
        """Return the sender for a URL that matches URL. Sending a mail takes `seconds` at most."""


SENDERS: dict[str, type[Sender]] = {
    "smtp": MailServer,
    "smtps": MailServer,
    "smtp+starttls": MailServer,
}


def get_scheme(url: str) -> str:
    """Return the part of a URL before "://", or the whole text if there is none."""
    return url.partition("://")[0]
