"""/.well-known/jwks.json: the public keys, for services that verify tokens themselves."""

from flask import Blueprint, request
from werkzeug.wrappers import Response as ResponseBase

from app.errors import AccountError
from app.security import key_ring
from app.web.http.request import IncomingRequest
from app.web.http.response import make_error_response, make_json_response
from app.web.http.response_headers import to_flask_response

blueprint = Blueprint("jwks", __name__)


@blueprint.get("/.well-known/jwks.json")
def key_set() -> ResponseBase:
    """Return the public keys that sign, still verify or will sign soon (RFC 7517).

    Secret keys, which are shared, are left out. A new key is listed here for longer than this
    response may be cached before it signs.
    """
    try:
        keys = key_ring.current_key_ring().keys.values()
    except AccountError as error:
        return to_flask_response(
            make_error_response(IncomingRequest.from_environ(request.environ), error, 503)
        )
    public = [public_key for key in keys if (public_key := key.public())]
    response = to_flask_response(make_json_response({"keys": public}))
    response.headers["Cache-Control"] = f"public, max-age={key_ring.PUBLISHED}"
    response.add_etag()
    response.make_conditional(request)
    return response
