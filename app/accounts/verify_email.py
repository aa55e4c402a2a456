"""Verify an e-mail address by a link."""

from bson import ObjectId

from app.accounts.account_access import read_changed_account
from app.accounts.caller import Caller
from app.accounts.forms import EMAIL, LINK, load_form
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.link import LinkKind, spend_link
from app.models.outgoing_mail import enqueue_mail
from app.models.security_event import SecurityEventType
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord
from app.security.audit import record
from app.security.links import read_link_token
from app.security.throttle import Action, count_request, limit_attempts


def resend_verification_email(given: dict, caller: Caller) -> None:
    """Send another link to an address that is not verified yet.

    The answer is the same for every address. Whether the address has an account is only looked up
    when the mail is sent; an address without an account gets none.
    Raises AccountError: INVALID_DATA, TOO_MANY_ATTEMPTS.
    """
    email = load_form(EMAIL, given)["email"]
    count_request(Action.RESEND_VERIFICATION, account=email, address=caller.ip_address)
    enqueue_mail(MailKind.VERIFY_EMAIL, to=email)


def verify_email(given: dict, caller: Caller) -> UserRecord:
    """Mark the address as verified. The link works once.

    Raises AccountError: LINK_INVALID, LINK_EXPIRED, TOO_MANY_ATTEMPTS.
    """
    token = load_form(LINK, given)["token"]
    with limit_attempts(Action.LINK, account=None, address=caller.ip_address):
        user_id, link_id = read_link_token(LinkKind.VERIFY_EMAIL, token)
        in_transaction(lambda: _verify(user_id, link_id, caller))
    return read_changed_account(user_id, ErrorReason.LINK_INVALID)


def _verify(user_id: ObjectId, link_id: ObjectId, caller: Caller) -> None:
    if not spend_link(LinkKind.VERIFY_EMAIL, user_id, link_id, {"email_verified": True}):
        raise AccountError(ErrorReason.LINK_INVALID)
    record(SecurityEventType.EMAIL_VERIFIED, user_id, **caller.origin)
