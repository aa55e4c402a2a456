"""The mailbox's pages: the list of mails, one mail, and its HTML in a sandbox."""

from pathlib import Path

from flask import Blueprint, Response, abort, render_template, send_file

from development.mailbox.folder import KeptMail, Mailbox

ROOM = Path(__file__).parent
PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
# As mail programs do it: inline styles, no scripts, nothing loaded from elsewhere. The mail has an
# origin of its own, and its links open in a new window.
MAIL_POLICY = "; ".join(
    [
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)


def make_blueprint(mailbox: Mailbox) -> Blueprint:
    """The pages at /dev/mail for this mailbox."""
    blueprint = Blueprint("mailbox", __name__, template_folder="templates")

    @blueprint.get("/dev/mail")
    def show_mails() -> Response:
        return _make_page(render_template("mailbox.html", mails=mailbox.list_mails()))

    @blueprint.get("/dev/mail/style.css")
    def style() -> Response:
        return send_file(ROOM / "style.css", max_age=0)

    @blueprint.get("/dev/mail/<name>")
    def show_mail(name: str) -> Response:
        return _make_page(render_template("mail.html", mail=_find(mailbox, name)))

    @blueprint.get("/dev/mail/<name>/html")
    def show_html(name: str) -> Response:
        return _make_page(_find(mailbox, name).html, MAIL_POLICY)

    return blueprint


def _find(mailbox: Mailbox, name: str) -> KeptMail:
    return mailbox.find(name) or abort(404)


def _make_page(text: str, policy: str = PAGE_POLICY) -> Response:
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    return response
