"""Throttle: guessing is slow, by account and by address, whoever answers.

Counted before anything is hashed, in one command, and settled in another once the guess is over.
The limits package is not used: its MongoDB storage counts in windows but knows no growing waits,
asks once for each key and again to read them, and gives nothing back.
"""

import hmac
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from bson import ObjectId

from app.clock import now
from app.config import current
from app.errors import AccountError, ErrorCode, ErrorReason
from app.models.attempt import Quota, count_attempt, settle_attempt
from app.occurrences import happened
from app.security.hashing import turn_away_when_full

HOUSEHOLD = 64  # bits of an IPv6 address that its holder does not choose


class Action(Enum):
    """What is counted; each apart, so that a lockout from one is none from another."""

    LOGIN = "login"
    CONFIRM_PASSWORD = "confirm_password"  # noqa: S105  a signed-in person's, asked again
    REFRESH = "refresh"
    RESET_REQUEST = "reset_request"
    RESEND_VERIFICATION = "resend_verification"
    LINK = "link"
    REGISTER = "register"


HASHED = {Action.LOGIN, Action.CONFIRM_PASSWORD, Action.REGISTER}


@contextmanager
def guess(action: Action, *, account: str | None, address: str | None) -> Iterator[None]:
    """Around a guess: counted before the body runs, and given back unless it was wrong.

    account: any text that names one, known or not; address: an IP address; None: not counted.
    When the body ends, the account's failures are forgotten. When it raises an AccountError that
    says nothing of the guess (SERVICE_UNAVAILABLE, INVALID_DATA), only this attempt is. Whatever
    else it raises stays counted.
    Raises AccountError(TOO_MANY_ATTEMPTS, retry_after) without running the body, and OVERLOADED
    where it would hash a password and too many wait to do so.
    """
    of_account, of_address = _of_account(action, account), _of_address(action, address)
    attempt_id = _counted(action, of_address + of_account)
    try:
        yield
    except AccountError as error:
        if _says_nothing(error.reason):
            _settle(attempt_id, given_back=of_address + of_account)
        raise
    _settle(attempt_id, forgotten=of_account, given_back=of_address)


def count(action: Action, *, account: str | None, address: str | None) -> None:
    """Count a request that is never given back: a mail asked for, an account made.

    Raises AccountError(TOO_MANY_ATTEMPTS, retry_after), and OVERLOADED as `guess` does.
    """
    _counted(action, _of_address(action, address) + _of_account(action, account))


def _says_nothing(reason: ErrorReason) -> bool:
    """Whether a refusal came before anybody could learn from it."""
    return reason.code is ErrorCode.SERVICE_UNAVAILABLE or reason is ErrorReason.INVALID_DATA


def _counted(action: Action, quotas: list[Quota]) -> ObjectId:
    if action in HASHED:
        turn_away_when_full()
    attempt_id, at = ObjectId(), now()
    free_at = count_attempt(quotas, attempt_id, at) if quotas else None
    if free_at is not None:
        happened("throttled", action.value)
        seconds = math.ceil((free_at - at).total_seconds())
        raise AccountError(ErrorReason.TOO_MANY_ATTEMPTS, retry_after=seconds)
    return attempt_id


def _settle(attempt_id: ObjectId, **quotas: list[Quota]) -> None:
    with suppress(AccountError):  # what was done is done: at worst one attempt too many counts
        settle_attempt(attempt_id, now(), **quotas)


def _of_account(action: Action, account: str | None) -> list[Quota]:
    return _quota(action, "account", account, current().throttle_account_failures)


def _of_address(action: Action, address: str | None) -> list[Quota]:
    holder = None if address is None else _holder(address)
    return _quota(action, "address", holder, current().throttle_address_failures)


def _quota(action: Action, kind: str, subject: str | None, limit: int) -> list[Quota]:
    if subject is None:
        return []
    message = "\0".join(("throttle", action.name, kind, subject))
    key = hmac.new(current().secret_key.encode(), message.encode(), sha256).hexdigest()
    return [Quota(key, limit, current().throttle_window)]


def _holder(address: str) -> str:
    """Who an address belongs to: an IPv4 address as it is, an IPv6 address by its network."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed), HOUSEHOLD), strict=False))
    return str(parsed)
