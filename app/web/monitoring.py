"""Is it alive, can it serve: for whoever starts, stops and routes to this process."""

from flask import Blueprint, Response

from app.errors import AccountError
from app.models.connection import ping
from app.web.hardening import json_body

blueprint = Blueprint("monitoring", __name__)


@blueprint.get("/health/live")
def live() -> Response:
    """200 while the process answers, whatever has become of the database."""
    return Response(json_body({"status": "ok"}), mimetype="application/json")


@blueprint.get("/health/ready")
def ready() -> Response:
    """200 when the database answers, 503 when it does not."""
    try:
        ping()
    except AccountError:
        return Response(json_body({"status": "unavailable"}), 503, mimetype="application/json")
    return Response(json_body({"status": "ok"}), mimetype="application/json")
