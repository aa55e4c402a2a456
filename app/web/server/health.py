"""Health checks: whether this process runs, and whether it can serve requests."""

from flask import Blueprint, Response

from app.errors import AccountError
from app.models.connection import ping
from app.web.http.response import make_json_response
from app.web.http.response_headers import to_flask_response
from app.web.server.draining import is_leaving

blueprint = Blueprint("monitoring", __name__)


@blueprint.get("/health/live")
def live() -> Response:
    """200 while the process answers, even when the database does not."""
    return to_flask_response(make_json_response({"status": "ok"}))


@blueprint.get("/health/ready")
def ready() -> Response:
    """200 when the database answers; 503 when it does not, or when this process will stop soon."""
    if is_leaving():
        return to_flask_response(make_json_response({"status": "stopping"}, 503))
    try:
        ping()
    except AccountError:
        return to_flask_response(make_json_response({"status": "unavailable"}, 503))
    return to_flask_response(make_json_response({"status": "ok"}))
