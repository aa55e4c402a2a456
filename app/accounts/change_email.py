"""Change the e-mail address of an account, confirmed by a link to the new address."""

from app.accounts.account_access import read_changed_account
from app.accounts.caller import Caller, SignedInCaller
from app.accounts.forms import CHANGE_EMAIL, LINK, load_form
from app.accounts.mail_content import describe_origin
from app.accounts.reauthenticate import confirm_password
from app.accounts.resolve_link import resolve_link
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.link import LinkKind, end_links, offer_email_change, spend_link
from app.models.outgoing_mail import enqueue_mail
from app.models.security_event import SecurityEventType
from app.models.transaction import in_transaction
from app.models.user_list import update_search_terms
from app.models.user_records import UserRecord
from app.security.audit import record
from app.security.throttle import Action, count_request, limit_attempts


def request_email_change(given: dict, caller: SignedInCaller) -> None:
    """Send a link to the new address, and a notice to the one in use.

    A taken address gets no link, but the answer is the same.
    Raises AccountError: INVALID_DATA, also for the current address; INVALID_CREDENTIALS,
    TOO_MANY_ATTEMPTS, OVERLOADED; TOKEN_REVOKED when the account was deleted meanwhile.
    """
    form = load_form(CHANGE_EMAIL, given)
    user = confirm_password(caller, form["password"])
    if form["new_email"] == user.email:
        reason = ErrorReason.INVALID_DATA
        raise AccountError(reason, fields={"new_email": reason})
    count_request(Action.RESEND_VERIFICATION, account=form["new_email"], address=caller.ip_address)
    in_transaction(lambda: _offer(user, form["new_email"], caller))


def _offer(user: UserRecord, new_email: str, caller: SignedInCaller) -> None:
    link_id = offer_email_change(user, caller.session_id, new_email)
    if link_id is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    enqueue_mail(
        MailKind.CHANGE_EMAIL, to=new_email, user_id=user.id, details={"link_id": str(link_id)}
    )
    details = {**describe_origin(caller), "new_email": new_email}
    enqueue_mail(MailKind.EMAIL_CHANGE_REQUESTED, to=user.email, user_id=user.id, details=details)


def confirm_email_change(given: dict, caller: Caller) -> UserRecord:
    """Set the new address, verified. The link works once.

    Raises AccountError: LINK_INVALID, LINK_EXPIRED, TOO_MANY_ATTEMPTS; ALREADY_EXISTS when another
    account took the address meanwhile. The link then stays valid.
    """
    token = load_form(LINK, given)["token"]
    with limit_attempts(Action.LINK, account=None, address=caller.ip_address):
        user, link = resolve_link(LinkKind.CHANGE_EMAIL, token)
        in_transaction(lambda: _change(user, link, caller))
    return read_changed_account(user.id, ErrorReason.LINK_INVALID)


def _change(user: UserRecord, link: dict, caller: Caller) -> None:
    changes = {
        "email": link["email"],
        "email_verified": True,
        **end_links(LinkKind.VERIFY_EMAIL, LinkKind.RESET_PASSWORD),
    }
    try:
        ours = spend_link(LinkKind.CHANGE_EMAIL, user.id, link["id"], changes)
    except AccountError as taken:
        taken.fields = []  # no input is at fault: the address stood in the link
        raise
    if not ours:
        raise AccountError(ErrorReason.LINK_INVALID)
    update_search_terms(user.id)
    record(SecurityEventType.EMAIL_CHANGED, user.id, **caller.origin)
    enqueue_mail(
        MailKind.EMAIL_CHANGED, to=user.email, user_id=user.id, details=describe_origin(caller)
    )
