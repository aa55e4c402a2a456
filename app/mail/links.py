"""Links in mails: each leads to a page of the front end, which sends the token in a mutation."""

from urllib.parse import quote

from app.config import current
from app.mail_kinds import MailKind

PAGES = {
    MailKind.VERIFY_EMAIL: "verify-email",
    MailKind.RESET_PASSWORD: "reset-password",
    MailKind.CHANGE_EMAIL: "confirm-email-change",
}


def build_page_url(kind: MailKind, token: str) -> str:
    """Return the address of the page that uses the token of a mail of this kind.

    `kind` is one of PAGES. Opening the page does not use the token, so mail scanners that follow
    every link do no harm. The setting FRONTEND_URL is required.
    """
    return f"{current().frontend_url}/{PAGES[kind]}?token={quote(token, safe='')}"
