"""Register an account and sign in, unless the address must be verified first."""

from app.accounts.caller import Caller
from app.accounts.forms import REGISTER, load_form
from app.accounts.open_session import SignInResult, add_session, issue_tokens
from app.config import current
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.outgoing_mail import enqueue_mail
from app.models.security_event import SecurityEventType
from app.models.session import Session
from app.models.transaction import in_transaction
from app.models.user import User
from app.models.user_records import UserRecord, find_taken_profile_field
from app.security.audit import record
from app.security.passwords import hash_password
from app.security.throttle import Action, count_request


def register(given: dict, caller: Caller) -> SignInResult:
    """Make an account, write to its address, and open its first session: all or nothing.

    With REQUIRE_VERIFIED_EMAIL there is no session yet. With REGISTER_CONCEALS_ACCOUNTS a taken
    address answers as a free one does, and only its owner is told, by mail.
    Raises AccountError: INVALID_DATA with every faulty field; ALREADY_EXISTS naming the field;
    TOO_MANY_ATTEMPTS.
    """
    form = load_form(REGISTER, given)
    # a concealed address gets a mail each time: not many in a row
    account = form["email"] if current().register_conceals_accounts else None
    count_request(Action.REGISTER, account=account, address=caller.ip_address)
    password, locale = form.pop("password"), form.pop("locale", None)
    user = User(**form, locale=locale or caller.locale, password_hash=hash_password(password))
    try:
        session = in_transaction(lambda: _make(user, caller))
    except AccountError as refusal:
        if not _is_concealed(refusal):
            raise
        if name := find_taken_profile_field(user):
            # whichever index refused first: else the answer would tell whether the address is free
            reason = ErrorReason.ALREADY_EXISTS
            raise AccountError(reason, resource="user", fields={name: reason}) from None
        enqueue_mail(MailKind.ACCOUNT_EXISTS, to=user.email)
        session = None
    made = UserRecord.of(user)
    return issue_tokens(made, session) if session else SignInResult(made, None)


def _make(user: User, caller: Caller) -> Session | None:
    session = None if current().require_verified_email else add_session(user.id, caller)
    user.session_ids = [session.id] if session else []
    user.add()
    enqueue_mail(MailKind.VERIFY_EMAIL, to=user.email, user_id=user.id)
    record(SecurityEventType.REGISTERED, user.id, **caller.origin)
    return session


def _is_concealed(refusal: AccountError) -> bool:
    taken = (("email",), ErrorReason.ALREADY_EXISTS) in refusal.fields
    return taken and current().register_conceals_accounts
