"""The development mailbox: mail kept as files in a folder, where there is no mail server."""

import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from sys import stdout

from app.mail.smtp import LeaseLostError

KEPT = 200  # mails; the oldest go
NAME = re.compile(r"[0-9a-f]{24}", re.ASCII)


@dataclass(frozen=True)
class KeptMail:
    """A mail as kept: its name, when it was kept, and the message."""

    name: str
    at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        """The mail as plain text."""
        return _text(self.message)

    @property
    def html(self) -> str:
        """The mail as HTML, exactly as it was written."""
        return self.message.get_body(("html",)).get_content()


@dataclass(frozen=True)
class Mailbox:
    """A folder of .eml files, readable by its owner alone: they hold links that work."""

    folder: Path

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Print the message and keep it, in the place of an earlier one of the same Message-ID."""
        name = message["Message-ID"].lstrip("<").partition("@")[0]
        if not still_ours():
            raise LeaseLostError
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever looks into the folder sees all of a mail or none.
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(self.folder / f"{name}.eml")
        for path in self._newest_first()[KEPT:]:
            path.unlink(missing_ok=True)
        stdout.write(_printed(message))
        stdout.flush()

    def mails(self) -> list[KeptMail]:
        """Every mail, the newest first."""
        return [mail for path in self._newest_first() if (mail := self.find(path.stem))]

    def find(self, name: str) -> KeptMail | None:
        """One mail by its name; None for whatever names none."""
        path = self.folder / f"{name}.eml"
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return KeptMail(name, at, email.message_from_bytes(path.read_bytes(), policy=default))

    def _newest_first(self) -> list[Path]:
        return sorted(
            self.folder.glob("*.eml"),
            key=lambda path: (path.stat().st_mtime_ns, path.stem),
            reverse=True,
        )


def _printed(message: EmailMessage) -> str:
    rule = "-" * 72
    heads = f"To: {message['To']}\nSubject: {message['Subject']}"
    return f"{rule}\n{heads}\n\n{_text(message)}{rule}\n"


def _text(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")
