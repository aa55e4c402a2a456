"""/.well-known/jwks.json: the public keys, for services that verify tokens on their own."""

from flask import Blueprint, request
from werkzeug.wrappers import Response as ResponseBase

from app.errors import AccountError
from app.security import key_ring
from app.web.http.request import IncomingRequest
from app.web.http.response import json_answer, refused
from app.web.http.response_headers import flask_response

blueprint = Blueprint("jwks", __name__)


@blueprint.get("/.well-known/jwks.json")
def key_set() -> ResponseBase:
    """The keys that sign, still verify or are about to sign (RFC 7517); shared ones are not told.

    A new key stands here for longer than this answer may be cached before it signs.
    """
    try:
        keys = key_ring.current_key_ring().keys.values()
    except AccountError as fault:
        return flask_response(refused(IncomingRequest.of(request.environ), fault, 503))
    public = [told for key in keys if (told := key.public())]
    response = flask_response(json_answer({"keys": public}))
    response.headers["Cache-Control"] = f"public, max-age={key_ring.PUBLISHED}"
    response.add_etag()
    return response.make_conditional(request)
