"""The pages of the development mailbox: a list, a mail, and its HTML apart from everything else."""

from pathlib import Path

from flask import Blueprint, Response, abort, render_template, send_file

from app.config import current
from app.mail.mailbox import KeptMail, Mailbox

ROOM = Path(__file__).parent
POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
# A mail is shown as mail programs show it: its own inline styles, no scripts, nothing from outside;
# an origin of its own, and its links open beside it.
POLICY_OF_A_MAIL = "; ".join(
    [
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)

mailbox = Blueprint("mailbox", __name__, template_folder="templates")


@mailbox.get("/dev/mail")
def inbox() -> Response:
    """Every mail that was kept, the newest first."""
    return _page(render_template("mailbox.html", mails=_kept().mails()))


@mailbox.get("/dev/mail/style.css")
def style() -> Response:
    """How the pages look."""
    return send_file(ROOM / "style.css", max_age=0)


@mailbox.get("/dev/mail/<name>")
def letter(name: str) -> Response:
    """One mail: its headers, its text with links to click, and its HTML in a frame."""
    return _page(render_template("letter.html", mail=_find(name)))


@mailbox.get("/dev/mail/<name>/html")
def html(name: str) -> Response:
    """A mail's HTML as it was sent, in a sandbox."""
    return _page(_find(name).html, POLICY_OF_A_MAIL)


def _kept() -> Mailbox:
    return Mailbox(current().mail_folder)


def _find(name: str) -> KeptMail:
    return _kept().find(name) or abort(404)


def _page(text: str, policy: str = POLICY) -> Response:
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    return response
