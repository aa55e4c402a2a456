"""A person asks what is kept of them, closes their account for a time, or leaves for good."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from app.accounts.caller import SignedInCaller
from app.accounts.forms import PASSWORD, load_form
from app.accounts.reauthenticate import confirm_password
from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.privacy import all_that_is_kept, close_account, remove_account
from app.models.security_event import SecurityEventType, forget_identity
from app.models.session import hold_session
from app.models.transaction import in_transaction
from app.models.user import UserRecord
from app.security.audit import record


@dataclass(frozen=True)
class DataExport:
    """What is kept of a person, as one JSON document, and when that was."""

    generated_at: datetime
    document: dict[str, Any]


def export_my_data(given: Mapping[str, Any], caller: SignedInCaller) -> DataExport:
    """Everything kept of the caller but secrets, once they give their password again.

    The event of it is written first, so that nothing is handed out unnoticed; it is in the
    document. What app/security/throttle.py counts is not: it is kept under keyed hashes, which
    name nobody, and for minutes.
    Raises AccountError as `confirmed` does.
    """
    _confirm(given, caller)
    in_transaction(partial(_note_export, caller))
    generated_at = now()
    document = all_that_is_kept(caller.user.id)
    if document is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    return DataExport(generated_at, {"generatedAt": generated_at.isoformat(), **document})


def deactivate_account(given: Mapping[str, Any], caller: SignedInCaller) -> UserRecord:
    """Close the account until an administrator opens it: sessions and links end at once.

    Raises AccountError as `confirmed` does.
    """
    _confirm(given, caller)
    return in_transaction(partial(_deactivate, caller))


def delete_account(given: Mapping[str, Any], caller: SignedInCaller) -> str:
    """Remove all that is kept of the person, or nothing: the id that the account had.

    Its address and its CPF or CNPJ are free again. Security events stay, of nobody.
    Raises AccountError as `confirmed` does.
    """
    _confirm(given, caller)
    in_transaction(partial(_delete, caller))
    with suppress(AccountError):  # the person is gone, whether the database still answers or not
        # an event that is written alone, as a refused login's, may have come in between
        forget_identity(caller.user.id)
    return str(caller.user.id)


def _confirm(given: Mapping[str, Any], caller: SignedInCaller) -> None:
    confirm_password(caller, load_form(PASSWORD, given)["password"])


def _note_export(caller: SignedInCaller) -> None:
    _refuse_unless(hold_session(caller.session_id, now()))
    record(SecurityEventType.DATA_EXPORTED, caller.user.id, **caller.origin)


def _deactivate(caller: SignedInCaller) -> UserRecord:
    closed = close_account(caller.user.id, caller.session_id)
    if closed is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    record(SecurityEventType.DEACTIVATED, caller.user.id, **caller.origin)
    return closed


def _delete(caller: SignedInCaller) -> None:
    _refuse_unless(remove_account(caller.user.id, caller.session_id))


def _refuse_unless(session_lives: bool) -> None:
    """The session may have ended while the password was checked."""
    if not session_lives:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
