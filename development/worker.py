"""The worker of ./boot.sh dev: the product's own; without SMTP_URL it keeps mail in the mailbox."""

import sys
from typing import Any

from app import worker
from development.mailbox.folder import Mailbox
from development.mailbox.settings import find_mail_folder


def main() -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code, see app.worker.main."""
    return worker.main(fallback=Mailbox(find_mail_folder()), format_line=format_line)


def format_line(line: dict[str, Any]) -> bytes:
    """Return what became of a mail for a person: ``12:03:04  mail VERIFY_EMAIL  sent``."""
    parts = [f"{line['at'].astimezone():%H:%M:%S}", f"mail {line['kind']}", line["outcome"]]
    if line["attempt"] > 1:
        parts.append(f"attempt {line['attempt']}")
    if "why" in line:
        parts.append(line["why"])
    if "seconds" in line:
        parts.append(f"again in {line['seconds']} s")
    return ("  ".join(parts) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())
