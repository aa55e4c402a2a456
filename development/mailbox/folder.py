"""The mailbox's folder: each mail is one .eml file."""

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

MOST_MAILS = 200  # when there are more, the oldest are removed
NAME = re.compile(r"[0-9a-f]{24}", re.ASCII)


@dataclass(frozen=True)
class KeptMail:
    """A mail in the folder: its name, when it was stored, and the message."""

    name: str
    at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        """The mail as plain text."""
        return _read_part(self.message, "plain").replace("\r\n", "\n")

    @property
    def html(self) -> str:
        """The mail as HTML, exactly as it was written."""
        return _read_part(self.message, "html")


@dataclass(frozen=True)
class Mailbox:
    """A folder of .eml files that only its owner can read: the mails hold links that work."""

    folder: Path

    def send(self, message: EmailMessage, still_ours: Callable[[], bool]) -> None:
        """Store and print the message. It replaces an earlier one of the same Message-ID.

        Raises LeaseLostError when `still_ours()` is False: another worker has taken the mail.
        """
        name = message["Message-ID"].lstrip("<").partition("@")[0]
        if not still_ours():
            raise LeaseLostError
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written under another name and renamed: a reader of the folder never sees half a mail.
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(self.folder / f"{name}.eml")
        for path in self._list_newest_first()[MOST_MAILS:]:
            path.unlink(missing_ok=True)
        stdout.write(_format(message))
        stdout.flush()

    def list_mails(self) -> list[KeptMail]:
        """Every mail, the newest first."""
        return [mail for path in self._list_newest_first() if (mail := self.find(path.stem))]

    def find(self, name: str) -> KeptMail | None:
        """The mail of this name, or None."""
        path = self.folder / f"{name}.eml"
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return KeptMail(name, at, email.message_from_bytes(path.read_bytes(), policy=default))

    def _list_newest_first(self) -> list[Path]:
        return sorted(
            self.folder.glob("*.eml"),
            key=lambda path: (path.stat().st_mtime_ns, path.stem),
            reverse=True,
        )


def _format(message: EmailMessage) -> str:
    line = "-" * 72
    headers = f"To: {message['To']}\nSubject: {message['Subject']}"
    text = _read_part(message, "plain").replace("\r\n", "\n")
    return f"{line}\n{headers}\n\n{text}{line}\n"


def _read_part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if part is None:
        raise ValueError(f"the mail has no text/{subtype} part")
    return str(part.get_content())
