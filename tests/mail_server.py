"""A real SMTP server for tests, which refuses, delays, drops and kills on request."""

import asyncio
import email
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port
from tests.waiting import wait_until

ACCEPTED = "250 OK"


class MailServer:
    """Records the accepted mails in order. `at` holds its reaction to each command, by name.

    at["RCPT"] is a list. Each time the command arrives, the first entry is removed: a text is the
    answer, a function is called and its result is the answer. Without entries, the command is
    accepted.
    """

    def __init__(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.tls: list[bool] = []
        self.at: dict[str, list[str | Callable[[], str | None]]] = {}
        self.url = ""

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, host: str, answers: list[str]
    ) -> list[str]:
        session.host_name = host
        await self._act("EHLO")
        return answers

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._act("MAIL")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._act("RCPT")

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        message = email.message_from_bytes(envelope.content, policy=default)
        self.accepted.append(message)
        answer = await self._act("DATA")
        if answer == "drop":
            server.transport.abort()
        if answer != ACCEPTED:
            self.accepted.remove(message)
            return answer
        self.recipients += envelope.rcpt_tos
        self.tls.append(session.ssl is not None)
        return answer

    async def handle_QUIT(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        await self._act("QUIT")
        return "221 Bye"

    async def _act(self, command: str) -> str:
        waiting = self.at.get(command)
        if not waiting:
            return ACCEPTED
        action = waiting.pop(0)
        if isinstance(action, str):
            return action
        return await asyncio.to_thread(action) or ACCEPTED

    def message_ids(self) -> list[str]:
        """Return the Message-IDs of the accepted mails, in order."""
        return [message["Message-ID"] for message in self.accepted]

    def wait_for(self, count: int) -> list[EmailMessage]:
        """Wait until `count` mails have been accepted, and return them."""
        wait_until(lambda: len(self.accepted) >= count)
        return self.accepted


@contextmanager
def serve_mail(
    *, tls: ssl.SSLContext | None = None, scheme: str = "smtp", port: int | None = None
) -> Iterator[MailServer]:
    """Run a mail server on a port of this machine while the block runs."""
    server, port = MailServer(), port or free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port, tls_context=tls)
    controller.start()
    server.url = f"{scheme}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        controller.stop()


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for 127.0.0.1 and its key to one file."""
    pem, key = folder / "certificate.pem", folder / "key.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", *made, *named, "-keyout", str(key), "-out", str(pem)],
        check=True,
        capture_output=True,
    )
    pem.write_text(pem.read_text() + key.read_text())
    return pem
