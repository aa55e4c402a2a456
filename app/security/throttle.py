"""Throttle attempts by account and by IP address, over all workers.

An attempt with a password is counted before anything is hashed, in one command, and settled in
another once it is over. An attempt with a token is counted only when the token proves wrong, so
that a valid one costs one read.
The limits package is not used: its MongoDB storage counts in windows but has no growing waits,
takes one query for each key and another to read them, and cannot give an attempt back.
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
from app.errors import AccountError, AnyErrorReason, ErrorCode, ErrorReason
from app.events import emit
from app.models.attempt import Quota, blocked_until, count_attempt, settle_attempt
from app.security.hashing_queue import refuse_when_full

HOLDER_PREFIX = 64  # bits of an IPv6 address that its holder does not choose


class Action(Enum):
    """What is counted, each separately: a block of one does not affect another."""

    LOGIN = "login"
    CONFIRM_PASSWORD = "confirm_password"  # noqa: S105  a signed-in person's, asked again
    REFRESH = "refresh"
    RESET_REQUEST = "reset_request"
    RESEND_VERIFICATION = "resend_verification"
    LINK = "link"
    REGISTER = "register"


SIGNED = {Action.REFRESH, Action.LINK}  # tokens: checking one costs no hash
HASHED = {Action.LOGIN, Action.CONFIRM_PASSWORD, Action.REGISTER}


@contextmanager
def limit_attempts(action: Action, *, account: str | None, address: str | None) -> Iterator[None]:
    """Run the body as one attempt: count it, and give it back unless it failed.

    account: any text that names an account, whether it exists or not. address: an IP address.
    None: not counted. When the body ends, the account's failures are forgotten. When it raises an
    AccountError that reveals nothing of the attempt (SERVICE_UNAVAILABLE, INVALID_DATA), only this
    attempt is given back. Whatever else it raises stays counted.
    Raises AccountError: TOO_MANY_ATTEMPTS with retry_after, without running the body; OVERLOADED
    where the body would hash a password and too many wait to do so.
    """
    around = _count_failures if action in SIGNED else _count_attempts
    with around(action, _account_quotas(action, account), _address_quotas(action, address)):
        yield


@contextmanager
def _count_attempts(
    action: Action, account_quotas: list[Quota], address_quotas: list[Quota]
) -> Iterator[None]:
    attempt_id = _count_or_refuse(action, address_quotas + account_quotas)
    try:
        yield
    except AccountError as error:
        if _reveals_nothing(error.reason):
            _settle(attempt_id, given_back=address_quotas + account_quotas)
        raise
    _settle(attempt_id, forgotten=account_quotas, given_back=address_quotas)


@contextmanager
def _count_failures(
    action: Action, account_quotas: list[Quota], address_quotas: list[Quota]
) -> Iterator[None]:
    """Many attempts at once do not help to guess a signature, so a valid one need not write."""
    at = now()
    if free_at := blocked_until(address_quotas + account_quotas, at):
        raise _too_many_attempts(free_at, at)
    try:
        yield
    except AccountError as error:
        if not _reveals_nothing(error.reason):
            with suppress(AccountError):
                _count_or_refuse(action, address_quotas + account_quotas)
        raise
    _settle(ObjectId(), forgotten=account_quotas)


def count_request(action: Action, *, account: str | None, address: str | None) -> None:
    """Count a request for good: a mail asked for, an account made.

    Raises AccountError: TOO_MANY_ATTEMPTS with retry_after; OVERLOADED as `limit_attempts` does.
    """
    _count_or_refuse(action, _address_quotas(action, address) + _account_quotas(action, account))


def _reveals_nothing(reason: AnyErrorReason) -> bool:
    """Whether a refusal says nothing about what was presented."""
    return reason.code is ErrorCode.SERVICE_UNAVAILABLE or reason is ErrorReason.INVALID_DATA


def _count_or_refuse(action: Action, quotas: list[Quota]) -> ObjectId:
    if action in HASHED:
        refuse_when_full()
    attempt_id, at = ObjectId(), now()
    free_at = count_attempt(quotas, attempt_id, at) if quotas else None
    if free_at is not None:
        emit("throttled", action.value)
        raise _too_many_attempts(free_at, at)
    return attempt_id


def _too_many_attempts(free_at: datetime, at: datetime) -> AccountError:
    seconds = math.ceil((free_at - at).total_seconds())
    return AccountError(ErrorReason.TOO_MANY_ATTEMPTS, retry_after=seconds)


def _settle(attempt_id: ObjectId, **quotas: list[Quota]) -> None:
    with suppress(AccountError):  # the body has run: at worst one attempt too many is counted
        settle_attempt(attempt_id, now(), **quotas)


def _account_quotas(action: Action, account: str | None) -> list[Quota]:
    return _quotas(action, "account", account, current().throttle_account_failures)


def _address_quotas(action: Action, address: str | None) -> list[Quota]:
    holder = None if address is None else _address_holder(address)
    return _quotas(action, "address", holder, current().throttle_address_failures)


def _quotas(action: Action, kind: str, subject: str | None, limit: int) -> list[Quota]:
    if subject is None:
        return []
    message = "\0".join(("throttle", action.name, kind, subject))
    key = hmac.new(current().secret_key.encode(), message.encode(), sha256).hexdigest()
    return [Quota(key, limit, current().throttle_window)]


def _address_holder(address: str) -> str:
    """Return whom to count an IP address for: an IPv4 address itself, of IPv6 its /64 network."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), HOLDER_PREFIX), strict=False))
    return str(parsed)
