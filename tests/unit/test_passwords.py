"""Passwords: hashes, checks, upgrades, and the password policy."""

import bcrypt
import pytest

from app.errors import ErrorReason
from app.security.passwords import (
    PREFIX,
    check_decoy,
    check_password,
    find_weaknesses,
    hash_password,
    needs_upgrade,
)

pytestmark = pytest.mark.usefixtures("app")


def hash_with_bcrypt(password: bytes, rounds: int = 4) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(rounds)).decode()


def test_a_hash_matches_its_password_and_no_other() -> None:
    stored = hash_password("uma frase longa")
    assert stored.startswith(PREFIX + "$2b$04$")
    assert check_password("uma frase longa", stored)
    assert not check_password("uma frase longA", stored)
    assert not check_password("", stored)


def test_the_same_password_has_another_hash_each_time() -> None:
    assert hash_password("uma frase longa") != hash_password("uma frase longa")


@pytest.mark.parametrize("start", ["x" * 72, "é" * 100, "com\0nulo" + "x" * 70])
def test_long_passwords_are_not_truncated(start: str) -> None:
    stored = hash_password(start + "a")
    assert check_password(start + "a", stored)
    assert not check_password(start + "b", stored)
    assert not check_password(start, stored)


def test_a_plain_bcrypt_hash_is_accepted_and_needs_an_upgrade() -> None:
    stored = hash_with_bcrypt(b"uma frase longa")
    assert check_password("uma frase longa", stored)
    assert not check_password("outra", stored)
    assert needs_upgrade(stored)


def test_a_plain_bcrypt_hash_does_not_match_longer_passwords() -> None:
    assert not check_password("x" * 73, hash_with_bcrypt(b"x" * 72))
    assert not check_password("abc\0def", hash_with_bcrypt(b"abc"))


def test_only_the_current_format_and_cost_need_no_upgrade() -> None:
    assert not needs_upgrade(hash_password("uma frase longa"))
    assert needs_upgrade(PREFIX + hash_with_bcrypt(b"x", 5))


def test_a_check_of_the_decoy_is_false() -> None:
    assert check_decoy("uma frase longa") is False


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("uma frase longa", []),
        ("        ", []),
        ("ñandú 🐦 çé", []),
        ("1234567", [ErrorReason.TOO_SHORT, ErrorReason.PASSWORD_TOO_COMMON]),
        ("abcdefz", [ErrorReason.TOO_SHORT]),
        ("x" * 128, []),
        ("x" * 129, [ErrorReason.TOO_LONG]),
        ("PASSWORD", [ErrorReason.PASSWORD_TOO_COMMON]),
        ("ana.lima@example.com", [ErrorReason.PASSWORD_TOO_SIMILAR]),
        ("ANA-LIMA@example.com", [ErrorReason.PASSWORD_TOO_SIMILAR]),
        ("anabeatriz", [ErrorReason.PASSWORD_TOO_SIMILAR]),
        ("Ána Beatriz", [ErrorReason.PASSWORD_TOO_SIMILAR]),
        ("Beatriz!!", [ErrorReason.PASSWORD_TOO_SIMILAR]),
        ("Beatriz 1990", []),
    ],
)
def test_the_password_policy(password: str, faults: list[ErrorReason]) -> None:
    told = find_weaknesses(password, email="ana.lima@example.com", full_name="Ana Beatriz")
    assert told == faults
