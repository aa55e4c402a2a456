"""Reset a lost password by a link in a mail."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from app.accounts.account_access import read_changed_account
from app.accounts.caller import Caller
from app.accounts.forms import EMAIL, RESET_PASSWORD, load_form, refuse_weak_password
from app.accounts.mail_content import describe_origin
from app.accounts.open_session import SignInResult, add_session, issue_tokens
from app.accounts.resolve_link import resolve_link
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.credentials import change_password
from app.models.link import LinkKind, end_links, spend_link
from app.models.outgoing_mail import enqueue_mail
from app.models.security_event import SecurityEventType
from app.models.session import Session, remove_sessions_of
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord
from app.security.audit import record
from app.security.passwords import hash_password
from app.security.throttle import Action, count_request, limit_attempts


def request_password_reset(given: Mapping[str, Any], caller: Caller) -> None:
    """Send a link to choose a new password.

    The answer is the same for every address. Whether the address has an account is only looked up
    when the mail is sent; an address without an account gets none.
    Raises AccountError: INVALID_DATA, TOO_MANY_ATTEMPTS.
    """
    email = load_form(EMAIL, given)["email"]
    count_request(Action.RESET_REQUEST, account=email, address=caller.ip_address)
    enqueue_mail(MailKind.RESET_PASSWORD, to=email)


def reset_password(given: Mapping[str, Any], caller: Caller) -> SignInResult:
    """Set the new password, end all sessions and sign in. The link works once.

    Whoever has the link received the mail, so the address is verified from now on.
    Raises AccountError: LINK_INVALID, LINK_EXPIRED, TOO_MANY_ATTEMPTS, OVERLOADED; INVALID_DATA
    for a weak password. The link then stays valid.
    """
    form = load_form(RESET_PASSWORD, given)
    with limit_attempts(Action.LINK, account=None, address=caller.ip_address):
        user, link = resolve_link(LinkKind.RESET_PASSWORD, form["token"])
        refuse_weak_password(form["new_password"], user)
        hashed = hash_password(form["new_password"])
        session = in_transaction(lambda: _reset(user, link["id"], hashed, caller))
    return issue_tokens(read_changed_account(user.id, ErrorReason.LINK_INVALID), session)


def _reset(user: UserRecord, link_id: ObjectId, hashed: str, caller: Caller) -> Session:
    session = add_session(user.id, caller)
    changes = {
        **change_password(hashed),
        "email_verified": True,
        "session_ids": [session.id],
        "last_login_at": session.created_at,
        **end_links(LinkKind.VERIFY_EMAIL, LinkKind.CHANGE_EMAIL),
    }
    if not spend_link(LinkKind.RESET_PASSWORD, user.id, link_id, changes):
        raise AccountError(ErrorReason.LINK_INVALID)
    remove_sessions_of(user.id, but=session.id)
    record(SecurityEventType.PASSWORD_RESET, user.id, **caller.origin)
    enqueue_mail(
        MailKind.PASSWORD_CHANGED, to=user.email, user_id=user.id, details=describe_origin(caller)
    )
    return session
