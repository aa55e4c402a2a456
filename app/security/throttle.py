"""Throttle: guessing is slow, by account and by address, whoever answers.

A password is counted before anything is hashed, in one command, and settled in another once the
guess is over; a token only when it proves wrong, so that a right one costs one read.
The limits package is not used: its MongoDB storage counts in windows but knows no growing waits,
asks once for each key and again to read them, and gives nothing back.
"""

import hmac
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import Enum
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

from bson import ObjectId

from app.clock import now
from app.config import current
from app.errors import AccountError, ErrorCode, ErrorReason
from app.events import emit
from app.models.attempt import Quota, blocked_until, count_attempt, settle_attempt
from app.security.hashing_queue import refuse_when_full

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


SIGNED = {Action.REFRESH, Action.LINK}  # what is presented proves itself, without a hash
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
    around = _counted_after if action in SIGNED else _counted_before
    with around(action, _of_account(action, account), _of_address(action, address)):
        yield


@contextmanager
def _counted_before(
    action: Action, of_account: list[Quota], of_address: list[Quota]
) -> Iterator[None]:
    attempt_id = _counted(action, of_address + of_account)
    try:
        yield
    except AccountError as error:
        if _says_nothing(error.reason):
            _settle(attempt_id, given_back=of_address + of_account)
        raise
    _settle(attempt_id, forgotten=of_account, given_back=of_address)


@contextmanager
def _counted_after(
    action: Action, of_account: list[Quota], of_address: list[Quota]
) -> Iterator[None]:
    """A signature is not guessed however many try at once, so that a right one need not write."""
    at = now()
    if free_at := blocked_until(of_address + of_account, at):
        raise _too_many(free_at, at)
    try:
        yield
    except AccountError as error:
        if not _says_nothing(error.reason):
            with suppress(AccountError):
                _counted(action, of_address + of_account)
        raise
    _settle(ObjectId(), forgotten=of_account)


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
        refuse_when_full()
    attempt_id, at = ObjectId(), now()
    free_at = count_attempt(quotas, attempt_id, at) if quotas else None
    if free_at is not None:
        emit("throttled", action.value)
        raise _too_many(free_at, at)
    return attempt_id


def _too_many(free_at: datetime, at: datetime) -> AccountError:
    seconds = math.ceil((free_at - at).total_seconds())
    return AccountError(ErrorReason.TOO_MANY_ATTEMPTS, retry_after=seconds)


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
        return str(IPv6Network((int(parsed), HOUSEHOLD), strict=False))
    return str(parsed)
