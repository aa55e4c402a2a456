"""Links in mail: pages of the front end, which sends the token by mutation."""

from urllib.parse import quote

from app.config import current
from app.models.outgoing_mail import MailKind

PAGES = {
    MailKind.VERIFY_EMAIL: "verify-email",
    MailKind.RESET_PASSWORD: "reset-password",
    MailKind.CHANGE_EMAIL: "confirm-email-change",
}


def page_url(kind: MailKind, token: str) -> str:
    """The page that uses the token of a mail of this kind. Needs FRONTEND_URL.

    Opening it spends nothing: programs that look at every link of a mail burn none.
    """
    return f"{current().frontend_url}/{PAGES[kind]}?token={quote(token, safe='')}"
