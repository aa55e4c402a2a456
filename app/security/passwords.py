"""Passwords: hash and check them, upgrade hashes, and refuse weak passwords."""

import base64
import hashlib
import hmac
import unicodedata
from functools import cache, lru_cache

import bcrypt
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.config import current
from app.errors import ErrorReason
from app.security.hashing_queue import run_in_queue

MIN_LENGTH = 8  # characters after NFC; OWASP ASVS 2.1
MAX_LENGTH = 128
MOST_COMMON = 10_000
PREFIX = "hmac-sha256$"
SALT_LENGTH = 29  # "$2b$12$" and 22 characters


def hash_password(password: str) -> str:
    """Return the hash to store, with the cost of BCRYPT_ROUNDS. `password` is NFC, of any length.

    Raises AccountError(OVERLOADED).
    """
    salt = bcrypt.gensalt(current().bcrypt_rounds)
    return PREFIX + run_in_queue(bcrypt.hashpw, _digest(password, salt), salt).decode()


def check_password(password: str, stored: str) -> bool:
    """Return whether `password` is the one that was hashed. It takes the same time for a right and
    a wrong password, unless the hash has a higher cost than BCRYPT_ROUNDS.

    Plain bcrypt hashes, of imported accounts, are checked too. bcrypt takes 72 bytes, so longer
    passwords never match a plain hash: it covers only the beginning of a password.
    Raises AccountError(OVERLOADED).
    """
    if stored.startswith(PREFIX):
        known = stored.removeprefix(PREFIX).encode()
        return run_in_queue(_compare, _digest(password, known[:SALT_LENGTH]), known)
    plain = password.encode()
    if len(plain) > 72 or b"\0" in plain:
        return check_decoy(password)
    return run_in_queue(_compare, plain, stored.encode())


def _compare(plain: bytes, known: bytes) -> bool:
    """Compare with bcrypt. A mismatch takes the time of the current cost, whatever the hash's.

    2^c for the hash, then 2^c + ... + 2^(n-1): together the 2^n of the current cost n.
    """
    if bcrypt.checkpw(plain, known):
        return True
    for rounds in range(int(known[4:6]), current().bcrypt_rounds):
        bcrypt.checkpw(plain, _decoy(rounds).removeprefix(PREFIX).encode())
    return False


def check_decoy(password: str) -> bool:
    """Take the time of a check where there is no hash to check; return False."""
    check_password(password, _decoy(current().bcrypt_rounds))
    return False


def needs_upgrade(stored: str) -> bool:
    """Whether a hash should be replaced by one of the current format and cost."""
    return not stored.startswith(f"{PREFIX}$2b${current().bcrypt_rounds:02}$")


def find_weaknesses(
    password: str, *, email: str | None, full_name: str | None
) -> list[ErrorReason]:
    """Return why the policy refuses `password` (NFC) for this person; empty if it accepts it."""
    faults = []
    if len(password) < MIN_LENGTH:
        faults.append(ErrorReason.TOO_SHORT)
    if len(password) > MAX_LENGTH:
        faults.append(ErrorReason.TOO_LONG)
    if password.lower() in _common():
        faults.append(ErrorReason.PASSWORD_TOO_COMMON)
    if _normalise(password) in _list_own_words(email or "", full_name or ""):
        faults.append(ErrorReason.PASSWORD_TOO_SIMILAR)
    return faults


def _digest(password: str, salt: bytes) -> bytes:
    """Return 44 bytes without NUL that depend on the whole password, for bcrypt takes only 72.

    The key is the bcrypt salt: a leaked plain SHA-256 of the same password then does not help to
    attack this hash ("password shucking").
    """
    return base64.b64encode(hmac.digest(salt, password.encode(), hashlib.sha256))


@lru_cache(maxsize=4)
def _decoy(rounds: int) -> str:
    """Return a hash that no password matches, made without the cost of hashing."""
    return PREFIX + bcrypt.gensalt(rounds).decode() + "." * 31


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"][:MOST_COMMON])


def _list_own_words(email: str, full_name: str) -> set[str]:
    """List what a password must not be: the address, its local part, the name, a word of it."""
    texts = [email, email.partition("@")[0], full_name, *full_name.split()]
    return {_normalise(text) for text in texts} - {""}


def _normalise(text: str) -> str:
    """Reduce to letters and digits, without case and accents: "João-Silva" to "joaosilva"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())
