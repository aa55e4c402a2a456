"""The GraphiQL page and the few files it is made of."""

import secrets
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

ROOM = Path(__file__).parent
PACKAGES = ROOM / "node_modules"

# The only files that leave this room, by the name the page asks for.
ASSETS = {
    "boot.js": ROOM / "boot.js",
    "style.css": ROOM / "style.css",
    "graphiql.js": PACKAGES / "graphiql" / "graphiql.min.js",
    "graphiql.css": PACKAGES / "graphiql" / "graphiql.min.css",
    "react.js": PACKAGES / "react" / "umd" / "react.production.min.js",
    "react-dom.js": PACKAGES / "react-dom" / "umd" / "react-dom.production.min.js",
}

# data: is for what GraphiQL's own stylesheet carries within: fonts and the editor's squiggles.
# The nonce admits the one style element that its dialogs and menus add.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

INSTALL = "run npm ci --ignore-scripts in app/web/pages/graphiql"

graphiql = Blueprint("graphiql", __name__)


def assets_installed() -> bool:
    """Whether every file of the page is there; INSTALL brings those that are not the room's own."""
    return all(path.is_file() for path in ASSETS.values())


@graphiql.get("/graphiql")
def page() -> Response:
    """The page under its Content-Security-Policy; 503, with the remedy, while files are missing."""
    if not assets_installed():
        return Response(f"GraphiQL is not installed: {INSTALL}\n", 503, mimetype="text/plain")
    nonce = secrets.token_urlsafe(16)
    html = (ROOM / "page.html").read_text("utf-8").replace("{nonce}", nonce)
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response


@graphiql.get("/graphiql/assets/<name>")
def asset(name: str) -> Response:
    """One file of the page; 404 for any name that is not on the list."""
    path = ASSETS.get(name)
    if path is None or not path.is_file():
        abort(404)
    # Asked for again each time and answered 304: an upgrade is seen at once, by all files together.
    response = send_file(path, conditional=True, max_age=0)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
