"""The keys of this process: read from the database, kept for a moment, read again.

The database decides which keys there are and which of them signs: the newest whose time has come,
whatever its algorithm. While it holds none, SECRET_KEY signs. JWT_ALGORITHM is the algorithm of the
keys that are made: by `rotate_keys`, and by the first server that finds no key of that algorithm.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any

from app.clock import now
from app.config import SettingsError, current
from app.models.signing_key import (
    SigningKey,
    SigningKeyRecord,
    add_key,
    find_keys,
    supersede_keys,
)
from app.security.keys import (
    SYMMETRIC,
    Key,
    UnreadableKeyError,
    load_key_pair,
    new_kid,
    new_material,
    seal,
    secret_kid,
    unseal,
)

log = logging.getLogger(__name__)
KEPT = 30  # seconds after which the keys are read again
SOONEST = 1  # seconds between readings that unknown kids may cause
PUBLISHED = 300  # seconds for which other services may cache the public keys
MARGIN = timedelta(minutes=5)  # by which clocks may differ, and workers learn late of a new key
MOST_RACES = 10


@dataclass(frozen=True, eq=False)
class KeyRing:
    """The keys by their kids, the newest first.

    remembered: verified tokens, cached by app/security/tokens.py. The cache is dropped when a key
    is removed.
    """

    keys: dict[str, Key]
    remembered: dict[str, Any]
    read_at: float  # seconds, by the monotonic clock

    def signing(self) -> Key:
        """Return the newest key that already signs."""
        moment, keys = now(), list(self.keys.values())
        return next((key for key in keys if key.signs_from <= moment), keys[-1])


_ring: KeyRing | None = None
_searched_at = float("-inf")  # when an unknown kid last caused a reading
_lock = Lock()


def forget_keys() -> None:
    """Drop the keys of this process: the next use reads them from the database."""
    global _ring, _searched_at
    _ring, _searched_at = None, float("-inf")


def current_key_ring() -> KeyRing:
    """Return the keys, read within the last KEPT seconds.

    Raises AccountError(DATABASE_UNAVAILABLE), and at the first reading SettingsError.
    """
    ring = _ring
    if ring is not None and monotonic() - ring.read_at < KEPT:
        return ring
    # one thread reads; the others go on with the keys that were fresh a moment ago
    if ring is None:
        _lock.acquire()
    elif not _lock.acquire(blocking=False):
        return ring
    try:
        newest = _ring
        return _read_again() if newest is None or newest is ring else newest
    finally:
        _lock.release()


def find_key(kid: str) -> Key | None:
    """Find the key of a kid; look an unknown one up in the database at most once a second."""
    global _searched_at
    if key := current_key_ring().keys.get(kid):
        return key
    with _lock:  # a thread that waited here uses what the other read
        if (_ring is None or kid not in _ring.keys) and monotonic() - _searched_at >= SOONEST:
            _searched_at = monotonic()
            _read_again()
        return _ring.keys.get(kid) if _ring else None


def read_keys() -> KeyRing:
    """Read the keys now. Raises SettingsError when SECRET_KEY does not open them."""
    forget_keys()
    return current_key_ring()


def rotate_keys(algorithm: str, *, at_once: bool = False) -> Key:
    """Make a key that will sign, at once or when all have learnt of it; the older ones then expire.

    Raises SettingsError when the keys there are cannot be opened: nothing is stored then.
    """
    _open_keys(find_keys(), {})
    lead = timedelta(seconds=0 if at_once else _lead_seconds(algorithm))
    for _ in range(MOST_RACES):
        if key := _add_successor(algorithm, find_keys(), now() + lead):
            forget_keys()
            return key
    raise RuntimeError("others rotate the keys without pause")


def first_key(at: datetime) -> SigningKey:
    """Return SECRET_KEY as the first key: it verifies what it signed until that has expired."""
    kid = secret_kid(current().secret_key)
    return SigningKey(id=kid, number=0, algorithm=SYMMETRIC, created_at=at, signs_from=at)


def _lead_seconds(algorithm: str) -> int:
    """Return the seconds after which every worker and service knows a new key."""
    return 2 * KEPT if algorithm == SYMMETRIC else 2 * KEPT + PUBLISHED


def _add_successor(
    algorithm: str, found: list[SigningKeyRecord], signs_from: datetime
) -> Key | None:
    """Add the successor of the newest of the keys `found`; None when another was first.

    The others are told to expire after it is stored: whoever dies in between leaves keys that
    verify for longer, until the next rotation, and no token that nothing verifies.
    """
    created_at, secret = now(), current().secret_key
    if not found:
        add_key(first_key(created_at))  # another's is the same
    kid, material = new_kid(), new_material(algorithm)
    added = SigningKey(
        id=kid,
        number=found[0].number + 1 if found else 1,
        algorithm=algorithm,
        sealed=seal(material, kid, algorithm, secret),
        created_at=created_at,
        signs_from=signs_from,
    )
    if not add_key(added):
        return None
    gone = signs_from + current().refresh_token_lifetime + MARGIN
    supersede_keys(added.number, expires_at=gone)
    return Key(kid, algorithm, *load_key_pair(algorithm, material), signs_from)


def _read_again() -> KeyRing:
    """Read the keys; call it with the lock held.

    Keys that cannot be decrypted end a start, but not a running process: one command with a wrong
    SECRET_KEY must not stop every server."""
    global _ring
    before, read_at = _ring, monotonic()
    try:
        keys = _open_keys(_find_or_add_keys(), before.keys if before else {})
    except SettingsError as error:
        if before is None:
            raise
        log.error("the signing keys stay as they were: %s", error)
        keys = before.keys
    remembered = before.remembered if before and before.keys.keys() <= keys.keys() else {}
    _ring = KeyRing(keys, remembered, read_at)
    return _ring


def _find_or_add_keys() -> list[SigningKeyRecord]:
    """Read the stored keys; add one of JWT_ALGORITHM where that is needed and missing."""
    found, algorithm = find_keys(), current().token_algorithm
    if algorithm == SYMMETRIC or any(key.algorithm == algorithm for key in found):
        return found
    _open_keys(found, {})
    # the first public key signs at once; another when its readers know of it. If another process
    # was first, its key is as good
    is_first = all(key.algorithm == SYMMETRIC for key in found)
    lead = timedelta(0) if is_first else timedelta(seconds=_lead_seconds(algorithm))
    _add_successor(algorithm, found, now() + lead)
    return find_keys()


def _open_keys(found: list[SigningKeyRecord], known_keys: dict[str, Key]) -> dict[str, Key]:
    """Decrypt the stored keys; reuse those that were decrypted before."""
    opened, unreadable = {}, []
    for stored in found or [first_key(now())]:
        try:
            before = known_keys.get(stored.id)
            pair = (before.signing, before.verifying) if before else _pair(stored)
            times = stored.signs_from, stored.expires_at
            opened[stored.id] = Key(stored.id, stored.algorithm, *pair, *times)
        except UnreadableKeyError:
            unreadable.append(stored.id)
    if unreadable:
        raise SettingsError(
            "SECRET_KEY: The signing keys in the database were stored under another one. Set it"
            f" again, or log everybody out: flask keys remove {' '.join(unreadable)}"
        )
    return opened


def _pair(stored: SigningKeyRecord | SigningKey) -> tuple[Any, Any]:
    secret = current().secret_key
    if stored.sealed:
        material = unseal(stored.sealed, stored.id, stored.algorithm, secret)
        return load_key_pair(stored.algorithm, material)
    if stored.id != secret_kid(secret):
        raise UnreadableKeyError(stored.id)
    return secret, secret
