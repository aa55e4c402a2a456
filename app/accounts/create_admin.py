"""Create administrators from the command line, and find accounts by their addresses."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.accounts.caller import OPERATOR
from app.accounts.forms import EMAIL, REGISTER, load_form
from app.config import current
from app.errors import AccountError, ErrorReason
from app.mail_kinds import MailKind
from app.models.outgoing_mail import enqueue_mail
from app.models.security_event import SecurityEventType
from app.models.transaction import in_transaction
from app.models.user import User
from app.models.user_records import UserRecord, find_by_email
from app.permissions import ADMIN, USER
from app.security.audit import record
from app.security.passwords import hash_password


def create_admin(given: Mapping[str, Any], *, verified: bool = False) -> UserRecord:
    """Create an administrator, by the rules of `register`, without a session.

    verified: whether the address counts as verified; else its owner gets a verification mail.
    Raises AccountError: INVALID_DATA with every faulty field; ALREADY_EXISTS naming the field.
    """
    form = load_form(REGISTER, given)
    password, locale = form.pop("password"), form.pop("locale", None)
    user = User(
        **form,
        locale=locale or current().default_locale,
        email_verified=verified,
        roles=[USER.name, ADMIN.name],
        password_hash=hash_password(password),
    )
    in_transaction(partial(_make, user))
    return UserRecord.of(user)


def find_account_id(email: str) -> str:
    """Return the id of the account with this e-mail address, in any spelling.

    Raises AccountError: INVALID_DATA for an invalid address; DOES_NOT_EXIST.
    """
    account = find_by_email(load_form(EMAIL, {"email": email})["email"])
    if account is None:
        raise AccountError(ErrorReason.DOES_NOT_EXIST, resource="user")
    return str(account.id)


def _make(user: User) -> None:
    user.add()
    if not user.email_verified:
        enqueue_mail(MailKind.VERIFY_EMAIL, to=user.email, user_id=user.id)
    record(SecurityEventType.REGISTERED, user.id, **OPERATOR.origin)
