"""The signing key: its document, and its encryption with SECRET_KEY."""

from dataclasses import replace

import jwt
import pytest
from flask import Flask
from mongoengine.errors import ValidationError

from app.clock import now
from app.config import TOKEN_ALGORITHMS
from app.models.signing_key import SigningKey
from app.security.keys import (
    Key,
    UnreadableKeyError,
    load_key_pair,
    new_kid,
    new_material,
    seal,
    secret_kid,
    unseal,
)

SECRET = "one secret of more than thirty-two bytes"
GIVEN = {
    "id": "0123456789abcdef",
    "number": 1,
    "algorithm": "HS256",
    "created_at": now(),
    "signs_from": now(),
}


def make_key(algorithm: str) -> Key:
    return Key(new_kid(), algorithm, *load_key_pair(algorithm, new_material(algorithm)), now())


def test_a_key_needs_only_its_kid_number_algorithm_and_times() -> None:
    SigningKey(**GIVEN).validate()


@pytest.mark.parametrize("name", GIVEN)
def test_a_key_without_one_of_them_is_invalid(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SigningKey(**{**GIVEN, name: None}).validate()
    assert set(refused.value.errors) == {name}


@pytest.mark.parametrize(
    "changes", [{"algorithm": "none"}, {"algorithm": "HS512"}, {"number": -1}, {"sealed": "text"}]
)
def test_a_key_with_wrong_values_is_invalid(changes: dict) -> None:
    with pytest.raises(ValidationError) as refused:
        SigningKey(**{**GIVEN, **changes}).validate()
    assert set(refused.value.errors) == set(changes)


def test_numbers_are_unique_and_expired_keys_are_removed(app: Flask) -> None:
    indexes = SigningKey._get_collection().index_information().values()
    told = {
        index["key"][0][0]: (index.get("unique"), index.get("expireAfterSeconds"))
        for index in indexes
    }
    assert told["number"] == (True, None)
    assert told["expires_at"] == (None, 0)


@pytest.mark.parametrize("algorithm", TOKEN_ALGORITHMS)
def test_a_key_is_decrypted_with_the_same_secret_kid_and_algorithm(algorithm: str) -> None:
    material = new_material(algorithm)
    sealed = seal(material, "k", algorithm, SECRET)
    assert material not in sealed
    assert seal(material, "k", algorithm, SECRET) != sealed
    assert unseal(sealed, "k", algorithm, SECRET) == material


@pytest.mark.parametrize(
    ("kid", "algorithm", "secret"),
    [("other", "HS256", SECRET), ("k", "RS256", SECRET), ("k", "HS256", SECRET + "!")],
)
def test_a_key_is_not_decrypted_with_other_values(kid: str, algorithm: str, secret: str) -> None:
    sealed = seal(new_material("HS256"), "k", "HS256", SECRET)
    with pytest.raises(UnreadableKeyError):
        unseal(sealed, kid, algorithm, secret)


@pytest.mark.parametrize("kept", [0, 5, 12, 59])
def test_a_truncated_key_is_not_decrypted(kept: int) -> None:
    sealed = seal(bytes(32), "k", "HS256", SECRET)
    assert len(sealed) == 60
    with pytest.raises(UnreadableKeyError):
        unseal(sealed[:kept], "k", "HS256", SECRET)


@pytest.mark.parametrize("place", [0, 11, 12, 43, 44, 59])
def test_a_changed_key_is_not_decrypted(place: int) -> None:
    sealed = bytearray(seal(bytes(32), "k", "HS256", SECRET))
    sealed[place] ^= 1
    with pytest.raises(UnreadableKeyError):
        unseal(bytes(sealed), "k", "HS256", SECRET)


def test_a_symmetric_key_has_no_public_part() -> None:
    assert make_key("HS256").public() is None


@pytest.mark.parametrize(
    ("algorithm", "names"), [("RS256", {"kty", "n", "e"}), ("EdDSA", {"kty", "crv", "x"})]
)
def test_the_public_part_verifies_and_has_no_private_values(algorithm: str, names: set) -> None:
    key = make_key(algorithm)
    told = key.public()
    assert set(told) == names | {"kid", "alg", "use"}
    assert (told["kid"], told["alg"], told["use"]) == (key.kid, algorithm, "sig")
    token = jwt.encode({"sub": "x"}, key.signing, algorithm)
    assert jwt.decode(token, jwt.PyJWK(told), [algorithm]) == {"sub": "x"}


def test_the_repr_of_a_key_has_no_secret() -> None:
    key = make_key("HS256")
    assert repr(key.signing) not in repr(key)
    assert repr(key) == repr(replace(key, signing=b"another", verifying=b"another"))


def test_the_kid_of_a_secret_is_stable_and_unique() -> None:
    assert secret_kid(SECRET) == secret_kid(SECRET) == "d4db5276be2941f3"
    assert secret_kid(SECRET + "!") != secret_kid(SECRET)


def test_kids_differ() -> None:
    assert len({new_kid() for _ in range(100)}) == 100
