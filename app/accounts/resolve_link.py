"""Find the account of a link, before anything expensive is done."""

from typing import Any

from app.errors import AccountError, ErrorReason
from app.models.link import LinkKind, find_live_link
from app.models.user_records import UserRecord, find_by_id
from app.security.links import read_link_token


def resolve_link(kind: LinkKind, token: str) -> tuple[UserRecord, dict[str, Any]]:
    """The account that a token names and its link, as they are now; `spend_link` decides.

    Raises AccountError: LINK_INVALID, LINK_EXPIRED.
    """
    user_id, link_id = read_link_token(kind, token)
    user = find_by_id(user_id)
    link = find_live_link(kind, user)
    if user is None or link is None or link["id"] != link_id:
        raise AccountError(ErrorReason.LINK_INVALID)
    return user, link
