"""Send mail by SMTP: smtplib's client, with one deadline for the whole conversation."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from threading import Timer
from time import monotonic
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
CONNECT_SECONDS = 10  # at most, for each of the server's addresses
ENHANCED_CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?= |$)")  # RFC 3463


class SendError(Exception):
    """Why a mail was not accepted: the stage of the conversation, and the server's codes.

    Never the server's words, which often repeat the address.
    """

    def __init__(self, stage: str, why: str) -> None:
        super().__init__(f"{stage}: {why}")


class LeaseLostError(Exception):
    """Another worker took over the mail before its text was sent."""


@dataclass(frozen=True)
class MailServer:
    """The server that mail is sent to. A conversation may take `seconds` at most."""

    URL: ClassVar = re.compile(
        r"smtp(s|\+starttls)?://([^\s/@:]+:[^\s/@]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?",
        re.ASCII,
    )
    URL_FORM: ClassVar = "smtp://[user:password@]host[:port]"

    host: str
    port: int
    scheme: str
    user: str | None
    password: str | None = field(repr=False)
    seconds: float

    @classmethod
    def at(cls, url: str, seconds: float) -> Self:
        """Return the server of an SMTP_URL, which app.config has checked."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            scheme=parts.scheme,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            seconds=seconds,
        )

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Send a message from and to the addresses of its headers; return when it is accepted.

        `still_ours` is asked just before the text is sent. If it returns False, the text is not
        sent and LeaseLostError is raised. Raises SendError if the server cannot be reached,
        refuses, or is not done within `seconds`.
        """
        (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
        ascii_only = recipient.addr_spec.isascii()
        stage = "connection"
        try:
            with DeadlineSMTP(self, sender.domain) as client:
                stage = "greeting"
                client.greet()
                stage = "sender"
                _check(client.mail(sender.addr_spec, () if ascii_only else ("SMTPUTF8",)))
                stage = "recipient"
                _check(client.rcpt(recipient.addr_spec))
                if not still_ours():
                    raise LeaseLostError
                stage = "text"
                _check(client.data(message.as_bytes(policy=SMTP if ascii_only else SMTPUTF8)))
        except smtplib.SMTPResponseException as error:
            raise SendError(stage, _codes(error)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendError(stage, type(error).__name__) from None


class DeadlineSMTP(smtplib.SMTP):
    """An smtplib client whose connection is shut down when the server's `seconds` are over.

    A time-out of a socket starts again with every byte. With that alone, a server that sends a
    byte now and then would hold a mail longer than its lease, and the mail would be sent twice.
    """

    def __init__(self, server: MailServer, own_name: str) -> None:
        """Connect and read the server's greeting. Raises what smtplib.SMTP raises."""
        self._server = server
        self._deadline = monotonic() + server.seconds
        self._handle: socket.socket | None = None
        self._timer: Timer | None = None
        super().__init__(server.host, server.port, own_name, server.seconds)

    def greet(self) -> None:
        """Say EHLO, start TLS and log in, as far as the server's address asks for it."""
        scheme, user = self._server.scheme, self._server.user
        self.ehlo_or_helo_if_needed()
        if scheme == "smtp+starttls" or (scheme == "smtp" and self.has_extn("starttls")):
            self.starttls(context=self._tls_context())
            self.ehlo_or_helo_if_needed()
        if user:
            if not isinstance(self.sock, ssl.SSLSocket):
                raise smtplib.SMTPNotSupportedError("no TLS: the password is not sent")
            self.login(user, self._server.password or "")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), min(timeout, CONNECT_SECONDS))
        connected.settimeout(timeout)
        self._handle = connected.dup()  # wrapping in TLS detaches the first one
        self._timer = Timer(max(self._deadline - monotonic(), 0), self._shut_down)
        self._timer.daemon = True
        self._timer.start()
        if self._server.scheme != "smtps":
            return connected
        try:
            return self._tls_context().wrap_socket(connected, server_hostname=host)
        except OSError:
            self.close()
            raise

    def _shut_down(self) -> None:
        """End the connection from the timer's thread: what waits for the server fails at once."""
        if self._handle:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._server.scheme == "smtp" and not self._server.user:
            # RFC 7435: where encryption is only offered, an unknown certificate is as good as none.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def __exit__(self, *_: object) -> None:
        """Send QUIT and close. The answer is not awaited: an accepted mail is recorded at once."""
        with suppress(OSError, smtplib.SMTPException):
            self.putcmd("quit")
        self.close()

    def close(self) -> None:
        """Close the connection and stop the timer; smtplib calls this after every error."""
        super().close()
        if self._timer:
            self._timer.cancel()
        if self._handle:
            self._handle.close()


def _check(answer: tuple[int, bytes]) -> None:
    """Raise SMTPResponseException unless the answer means that the command succeeded."""
    code, words = answer
    if code // 100 != 2:
        raise smtplib.SMTPResponseException(code, words)


def _codes(error: smtplib.SMTPResponseException) -> str:
    words = error.smtp_error
    enhanced = ENHANCED_CODE.match(words if isinstance(words, bytes) else str(words).encode())
    return f"{error.smtp_code} {enhanced[0].decode()}" if enhanced else str(error.smtp_code)
