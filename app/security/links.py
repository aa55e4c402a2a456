"""Tokens of links, each signed for one purpose (itsdangerous, HMAC-SHA-256)."""

import hashlib

from bson import ObjectId
from bson.errors import InvalidId
from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.link import LinkKind

LONGEST = 512  # characters; ours have about 130


def make_link_token(kind: LinkKind, user_id: ObjectId, link_id: ObjectId) -> str:
    """Return the token of a link of the account. It expires `kind.hours` from now."""
    return _serializer(kind).dumps([str(user_id), str(link_id)])


def read_link_token(kind: LinkKind, token: str) -> tuple[ObjectId, ObjectId]:
    """Return the account and the link that a token names. The account knows if the link was used.

    Raises AccountError: LINK_EXPIRED, LINK_INVALID.
    """
    if len(token) > LONGEST:
        raise AccountError(ErrorReason.LINK_INVALID)
    try:
        user_id, link_id = _serializer(kind).loads(token, max_age=kind.hours * 3600)
        return ObjectId(user_id), ObjectId(link_id)
    except SignatureExpired:
        raise AccountError(ErrorReason.LINK_EXPIRED) from None
    except (BadData, InvalidId, ValueError, TypeError):
        raise AccountError(ErrorReason.LINK_INVALID) from None


def _serializer(kind: LinkKind) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current().secret_key,
        salt=f"graphql-accounts.link.{kind.place}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )
