"""Passwords: hashing, checking, upgrading, the decoy, and which ones are refused."""

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
    """The hash to store, its cost from BCRYPT_ROUNDS. `password` is NFC, of any length.

    Raises AccountError(OVERLOADED).
    """
    salt = bcrypt.gensalt(current().bcrypt_rounds)
    return PREFIX + run_in_queue(bcrypt.hashpw, _digest(password, salt), salt).decode()


def check_password(password: str, stored: str) -> bool:
    """Whether `password` is the one that was hashed; costs one bcrypt run whatever the answer, and
    as long a one where it is wrong, unless the hash is of a higher cost than today's.

    A plain bcrypt hash, as imported accounts have, is checked as it is. bcrypt takes 72 bytes:
    past that such a hash fits nothing, since it knew only the start of a password.
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
    """bcrypt's answer; a wrong one takes the time of today's cost, whatever that of the hash.

    2^c for the hash, then 2^c + ... + 2^(n-1): together the 2^n of today's cost n.
    """
    if bcrypt.checkpw(plain, known):
        return True
    for rounds in range(int(known[4:6]), current().bcrypt_rounds):
        bcrypt.checkpw(plain, _decoy(rounds).removeprefix(PREFIX).encode())
    return False


def check_decoy(password: str) -> bool:
    """Take the time of a check where there is nothing to check: an unknown address. False."""
    check_password(password, _decoy(current().bcrypt_rounds))
    return False


def needs_upgrade(stored: str) -> bool:
    """Whether a hash, once its password is known, should be replaced by one made today."""
    return not stored.startswith(f"{PREFIX}$2b${current().bcrypt_rounds:02}$")


def find_weaknesses(
    password: str, *, email: str | None, full_name: str | None
) -> list[ErrorReason]:
    """Why the policy refuses `password` (NFC) for this person; empty when it does not."""
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
    """44 bytes without NUL that carry the whole password: bcrypt takes 72 and no more.

    Keyed with the bcrypt salt, so that a leaked plain SHA-256 of the same password is of no use
    against this hash ("password shucking").
    """
    return base64.b64encode(hmac.digest(salt, password.encode(), hashlib.sha256))


@lru_cache(maxsize=4)
def _decoy(rounds: int) -> str:
    """A hash that no password fits, made without the cost of a real one."""
    return PREFIX + bcrypt.gensalt(rounds).decode() + "." * 31


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"][:MOST_COMMON])


def _list_own_words(email: str, full_name: str) -> set[str]:
    """What a password may not be: the address, its local part, the name, or a word of it."""
    texts = [email, email.partition("@")[0], full_name, *full_name.split()]
    return {_normalise(text) for text in texts} - {""}


def _normalise(text: str) -> str:
    """Letters and digits alone, without case and accents: "João-Silva" and "joaosilva" agree."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())
