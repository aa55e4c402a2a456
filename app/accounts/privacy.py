"""Export the data of an account, deactivate it, or delete it."""

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
from app.models.privacy import close_account, collect_personal_data, remove_account
from app.models.security_event import SecurityEventType, forget_identity
from app.models.session import hold_session
from app.models.transaction import in_transaction
from app.models.user_records import UserRecord
from app.security.audit import record


@dataclass(frozen=True)
class DataExport:
    """The data of an account as one JSON document, and when it was read."""

    generated_at: datetime
    document: dict[str, Any]


def export_my_data(given: Mapping[str, Any], caller: SignedInCaller) -> DataExport:
    """Return all data of the caller except secrets. Asks for the password again.

    The event of it is written first, so that nothing is handed out unnoticed; it is in the
    document. What app/security/throttle.py counts is not: it is kept under keyed hashes, which
    name nobody, and for minutes.
    Raises AccountError as `confirmed` does.
    """
    _confirm(given, caller)
    in_transaction(partial(_note_export, caller))
    generated_at = now()
    document = collect_personal_data(caller.user.id)
    if document is None:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
    return DataExport(generated_at, {"generatedAt": generated_at.isoformat(), **document})


def deactivate_account(given: Mapping[str, Any], caller: SignedInCaller) -> UserRecord:
    """Deactivate the account until an administrator activates it; end sessions and links.

    Raises AccountError as `confirmed` does.
    """
    _confirm(given, caller)
    return in_transaction(partial(_deactivate, caller))


def delete_account(given: Mapping[str, Any], caller: SignedInCaller) -> str:
    """Delete all personal data of the account in one transaction; return the account's id.

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
    """Raise AccountError(TOKEN_REVOKED) if the session ended while the password was checked."""
    if not session_lives:
        raise AccountError(ErrorReason.TOKEN_REVOKED)
