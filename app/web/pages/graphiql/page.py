"""The GraphiQL page and the files that it loads."""

import secrets
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"

# The only files that are served, by their names in the page.
ASSETS = {
    "boot.js": FOLDER / "boot.js",
    "style.css": FOLDER / "style.css",
    "graphiql.js": PACKAGES / "graphiql" / "graphiql.min.js",
    "graphiql.css": PACKAGES / "graphiql" / "graphiql.min.css",
    "react.js": PACKAGES / "react" / "umd" / "react.production.min.js",
    "react-dom.js": PACKAGES / "react-dom" / "umd" / "react-dom.production.min.js",
}

# data: is for the fonts and images inside GraphiQL's stylesheet. The nonce allows the one style
# element that its dialogs and menus add.
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
    """Return whether every file of the page is there. INSTALL says how to get missing ones."""
    return all(path.is_file() for path in ASSETS.values())


@graphiql.get("/graphiql")
def page() -> Response:
    """Return the page with its Content-Security-Policy; 503 while files are missing."""
    if not assets_installed():
        return Response(f"GraphiQL is not installed: {INSTALL}\n", 503, mimetype="text/plain")
    nonce = secrets.token_urlsafe(16)
    html = (FOLDER / "page.html").read_text("utf-8").replace("{nonce}", nonce)
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response


@graphiql.get("/graphiql/assets/<name>")
def asset(name: str) -> Response:
    """Return one file of the page; 404 for a name that is not in ASSETS."""
    path = ASSETS.get(name)
    if path is None or not path.is_file():
        abort(404)
    # Browsers revalidate each time, so that after an upgrade all files are of one version.
    response = send_file(path, conditional=True, max_age=0)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
