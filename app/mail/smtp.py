"""SMTP: one conversation a mail, bounded in time whatever the server does."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from threading import Timer
from time import monotonic
from typing import Self
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
SLOWEST_CONNECTION = 10  # seconds for each of the server's addresses
ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?= |$)")  # RFC 3463


class SendError(Exception):
    """Why a mail was not accepted: where in the conversation, and the server's codes.

    Never the server's words, which often repeat the address.
    """

    def __init__(self, stage: str, why: str) -> None:
        super().__init__(f"{stage}: {why}")


class LeaseLostError(Exception):
    """Before its text was sent, the mail had become another worker's."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over. `seconds` is the most that a conversation may take."""

    host: str
    port: int
    scheme: str
    user: str | None
    password: str | None = field(repr=False)
    seconds: float

    @classmethod
    def at(cls, url: str, seconds: float) -> Self:
        """The server of an SMTP_URL, which app.config has checked."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            scheme=parts.scheme,
            user=parts.username and unquote(parts.username),
            password=parts.password and unquote(parts.password),
            seconds=seconds,
        )

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Return when the server has accepted the message, its envelope that of its headers.

        `still_ours` is asked when nothing but the text is left to send; at False nothing is sent
        and LeaseLostError is raised. Raises SendError when the server, or the way to it, refused.
        """
        (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
        plain = recipient.addr_spec.isascii()
        stage = _Stage()
        with _named(stage), _Conversation(self, sender.domain) as smtp:
            stage.name = "greeting"
            smtp.greet()
            stage.name = "sender"
            smtp.expect(250, *smtp.mail(sender.addr_spec, () if plain else ("SMTPUTF8",)))
            stage.name = "recipient"
            smtp.expect(250, *smtp.rcpt(recipient.addr_spec))
            if not still_ours():
                raise LeaseLostError
            stage.name = "text"
            smtp.expect(250, *smtp.data(message.as_bytes(policy=SMTP if plain else SMTPUTF8)))


@dataclass
class _Stage:
    name: str = "connection"


@contextmanager
def _named(stage: _Stage) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise SendError(stage.name, _codes(error)) from None
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        raise SendError(stage.name, type(error).__name__) from None


def _codes(error: smtplib.SMTPResponseException) -> str:
    words = error.smtp_error
    enhanced = ENHANCED.match(words if isinstance(words, bytes) else str(words).encode())
    return f"{error.smtp_code} {enhanced[0].decode()}" if enhanced else str(error.smtp_code)


class _Conversation(smtplib.SMTP):
    """A connection that ends when its time is over, in the midst of anything.

    Time-outs of sockets begin anew with every byte: a server that drips would hold a mail past
    its lease, and have it twice.
    """

    def __init__(self, server: MailServer, own_name: str) -> None:
        self._server = server
        self._until = monotonic() + server.seconds
        self._cut: socket.socket | None = None
        self._timer: Timer | None = None
        super().__init__(timeout=server.seconds, local_hostname=own_name)

    def __enter__(self) -> Self:
        try:
            self.expect(220, *self.connect(self._server.host, self._server.port))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Its answer to QUIT is not waited for: what it has accepted is to be noted at once.
        with suppress(OSError, smtplib.SMTPException):
            self.putcmd("quit")
        self._end()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.close()
        if self._cut:
            self._cut.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), min(timeout, SLOWEST_CONNECTION))
        # A second handle on the connection: TLS takes the first one away.
        self._cut = connected.dup()
        left = self._until - monotonic()
        self._timer = Timer(max(left, 0), self._cut_off)
        self._timer.daemon = True
        self._timer.start()
        connected.settimeout(max(left, 0.001))
        if self._server.scheme == "smtps":
            return self._context().wrap_socket(connected, server_hostname=host)
        return connected

    def _cut_off(self) -> None:
        with suppress(OSError):
            self._cut.shutdown(socket.SHUT_RDWR)

    def greet(self) -> None:
        """EHLO, TLS and the password, as far as the server's address asks for them."""
        scheme, user = self._server.scheme, self._server.user
        self.ehlo_or_helo_if_needed()
        if scheme == "smtp+starttls" or (scheme == "smtp" and self.has_extn("starttls")):
            self._host = self._server.host
            self.expect(220, *self.starttls(context=self._context()))
            self.ehlo_or_helo_if_needed()
        if user:
            if not isinstance(self.sock, ssl.SSLSocket):
                raise smtplib.SMTPNotSupportedError("no TLS: the password is not sent")
            self.login(user, self._server.password)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._server.scheme == "smtp" and not self._server.user:
            # RFC 7435: where encryption is only offered, an unknown certificate is as good as none.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def expect(self, wanted: int, code: int, words: bytes) -> None:
        """Raise SMTPResponseException unless the answer is of the wanted hundred."""
        if code // 100 != wanted // 100:
            raise smtplib.SMTPResponseException(code, words)
