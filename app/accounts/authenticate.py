"""Prove a caller by the access token of the request."""

from bson import ObjectId

from app.accounts import last_use
from app.accounts.caller import Caller, SignedInCaller, sign_in_caller
from app.errors import AccountError, ErrorReason
from app.models.user_records import UserRecord, find_signed_in
from app.security import tokens
from app.security.tokens import Claims


def authenticate(caller: Caller) -> SignedInCaller:
    """Return the caller with the account and session that the access token proves.

    It costs one read. The session counts as used, which is written at most once a minute.

    Raises AccountError: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED,
    ACCOUNT_INACTIVE.
    """
    if caller.access_token is None:
        raise AccountError(ErrorReason.TOKEN_MISSING)
    claims = tokens.read_access(caller.access_token)
    user = find_live_account(claims)
    last_use.note_use(claims.session_id)
    return sign_in_caller(caller, user, ObjectId(claims.session_id))


def find_live_account(claims: Claims) -> UserRecord:
    """Read the account that a verified token names, if it may be used and the session is live.

    Raises AccountError: TOKEN_REVOKED, ACCOUNT_INACTIVE.
    """
    user = find_signed_in(claims.user_id)
    if user is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    if not user.active:
        raise AccountError(ErrorReason.ACCOUNT_INACTIVE)
    if claims.session_id not in map(str, user.session_ids):
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    return user
