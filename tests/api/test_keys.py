"""Signing keys: rotation is invisible to users, and tokens of unknown keys are invalid."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from app.clock import now
from app.config import TOKEN_ALGORITHMS, current
from app.models.signing_key import SigningKey
from app.security import key_ring
from app.security.keys import new_material, seal, secret_kid
from tests.client import Client
from tests.conftest import SECRET_KEY
from tests.factories import person
from tests.keys import build_token, claims, flask_keys, header, load_newest_key, rotate_key

JWKS = "/.well-known/jwks.json"
KEY = SECRET_KEY.encode()


@pytest.fixture
def no_key_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the keys for every request, as happens after half a minute."""
    monkeypatch.setattr(key_ring, "KEPT", 0)


def sign_up(api: Client) -> dict:
    return api.register(person()).data["register"]["tokens"]


def expire(kid: str) -> None:
    past = {"$set": {"expires_at": now() - timedelta(seconds=1)}}
    assert SigningKey._get_collection().update_one({"_id": kid}, past).matched_count == 1
    key_ring.forget_keys()


def get_public_keys(api: Client) -> list[dict]:
    return api.http.get(JWKS).get_json()["keys"]


@pytest.mark.parametrize("algorithm", TOKEN_ALGORITHMS)
def test_a_rotation_ends_no_session(api: Client, app: Flask, algorithm: str) -> None:
    before = sign_up(api)
    kid = rotate_key(app, "--algorithm", algorithm)
    assert api.me(before["accessToken"]).errors == []
    after = api.refresh(before["refreshToken"]).data["refreshToken"]["tokens"]
    for token in (after["accessToken"], after["refreshToken"]):
        assert header(token) == {"alg": algorithm, "typ": "JWT", "kid": kid}
    assert api.me(after["accessToken"]).errors == []
    assert api.refresh(after["refreshToken"]).errors == []
    assert api.me(before["accessToken"]).errors == []


def test_each_key_verifies_its_tokens_after_many_rotations(api: Client, app: Flask) -> None:
    tokens, kids = [sign_up(api)], [secret_kid(SECRET_KEY)]
    for algorithm in ("HS256", "RS256", "EdDSA", "HS256"):
        kids.append(rotate_key(app, "--algorithm", algorithm))
        tokens.append(sign_up(api))
    assert [header(pair["accessToken"])["kid"] for pair in tokens] == kids
    assert [api.me(pair["accessToken"]).errors for pair in tokens] == [[]] * 5
    assert [api.refresh(pair["refreshToken"]).errors for pair in tokens] == [[]] * 5


def test_a_new_key_signs_only_after_all_servers_can_know_it(api: Client, app: Flask) -> None:
    for algorithm, seconds in (("HS256", 60), ("EdDSA", 360)):
        flask_keys(app, "rotate", "--algorithm", algorithm)
        waits = load_newest_key()["signs_from"] - load_newest_key()["created_at"]
        assert waits.total_seconds() == pytest.approx(seconds, abs=1)
    assert header(sign_up(api)["accessToken"])["kid"] == secret_kid(SECRET_KEY)
    assert [key["kid"] for key in get_public_keys(api)] == [
        load_newest_key()["_id"]
    ]  # published before it signs
    SigningKey._get_collection().update_many({}, {"$set": {"signs_from": now()}})
    key_ring.forget_keys()
    assert header(sign_up(api)["accessToken"])["kid"] == load_newest_key()["_id"]


def test_older_keys_are_kept_until_their_last_token_expires(api: Client, app: Flask) -> None:
    flask_keys(app, "rotate")
    first = load_newest_key()
    flask_keys(app, "rotate")
    secret, older, last = SigningKey._get_collection().find(sort=[("number", 1)])
    life = current().refresh_token_lifetime + timedelta(minutes=5)
    assert secret["_id"] == secret_kid(SECRET_KEY)
    assert "sealed" not in secret
    assert secret["expires_at"] == older["signs_from"] + life
    assert older["_id"] == first["_id"]
    assert older["expires_at"] == last["signs_from"] + life
    assert "expires_at" not in last


def test_a_retried_refresh_returns_the_same_token_after_a_rotation(api: Client, app: Flask) -> None:
    used = sign_up(api)["refreshToken"]
    first = api.refresh(used).data["refreshToken"]["tokens"]["refreshToken"]
    assert api.refresh(used).data["refreshToken"]["tokens"]["refreshToken"] == first
    kid = rotate_key(app)
    second = api.refresh(used).data["refreshToken"]["tokens"]["refreshToken"]
    assert header(second)["kid"] == kid != header(first)["kid"]
    assert claims(second) == claims(first)
    third = api.refresh(first).data["refreshToken"]["tokens"]["refreshToken"]
    assert api.refresh(second).data["refreshToken"]["tokens"]["refreshToken"] == third


def test_a_token_without_kid_is_valid_as_long_as_its_key(api: Client, app: Flask) -> None:
    token = sign_up(api)["accessToken"]
    old = build_token({"alg": "HS256", "typ": "JWT"}, claims(token), KEY)
    assert api.me(old).errors == []
    rotate_key(app)
    assert api.me(old).errors == api.me(token).errors == []
    expire(secret_kid(SECRET_KEY))
    assert api.me(old).reason == api.me(token).reason == "TOKEN_INVALID"


def test_removing_a_key_invalidates_its_tokens(api: Client, app: Flask, no_key_cache: None) -> None:
    kid = rotate_key(app)
    tokens = sign_up(api)
    assert header(tokens["accessToken"])["kid"] == kid
    assert api.me(tokens["accessToken"]).errors == []  # and cached from now on
    rotate_key(app)
    assert api.me(tokens["accessToken"]).errors == []
    flask_keys(app, "remove", kid, "--yes")
    assert api.me(tokens["accessToken"]).reason == "TOKEN_INVALID"
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_INVALID"
    assert api.me(sign_up(api)["accessToken"]).errors == []


def test_a_removed_key_is_trusted_only_until_the_cache_expires(
    api: Client, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = rotate_key(app)
    token = sign_up(api)["accessToken"]
    rotate_key(app)
    assert api.me(token).errors == []
    read_at = key_ring.current_key_ring().read_at
    flask_keys(app, "remove", kid, "--yes")
    assert api.me(token).errors == []
    monkeypatch.setattr(key_ring, "monotonic", lambda: read_at + 29.9)
    assert api.me(token).errors == []
    monkeypatch.setattr(key_ring, "monotonic", lambda: read_at + 30)
    assert api.me(token).reason == "TOKEN_INVALID"


def test_a_key_created_by_another_process_is_loaded_at_its_first_token(
    api: Client, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = sign_up(api)
    ring = key_ring.current_key_ring()
    rotate_key(app)
    fresh = sign_up(api)["accessToken"]
    monkeypatch.setattr(key_ring, "_ring", ring)  # like another worker, which has not read it yet
    assert api.me(fresh).errors == []
    assert api.me(tokens["accessToken"]).errors == []


def test_unknown_kids_cause_at_most_one_read_a_second(
    api: Client, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign_up(api)["accessToken"]
    made_up = [
        build_token(header(token) | {"kid": f"{number:016x}"}, claims(token), KEY)
        for number in range(20)
    ]
    start = key_ring.read_keys().read_at
    for seconds, asked in ((1, ["find"]), (1.9, []), (2, ["find"]), (3.1, ["find"])):
        monkeypatch.setattr(key_ring, "monotonic", lambda now=start + seconds: now)
        commands.clear()
        assert {api.me(forged).reason for forged in made_up} == {"TOKEN_INVALID"}
        assert commands == asked


def test_a_signed_in_request_reads_no_keys(api: Client, app: Flask, commands: list[str]) -> None:
    rotate_key(app, "--algorithm", "RS256")
    token = sign_up(api)["accessToken"]
    for _ in range(3):
        commands.clear()
        assert api.me(token).errors == []
        assert commands == ["find"]


@pytest.mark.parametrize(
    "more",
    [
        {"jku": "https://example.com/jwks.json"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5u": "https://example.com/chain.pem"},
        {"x5c": ["AAAA"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": []},
        {"b64": True},
        {"zip": "DEF"},
        {"kid": 7},
        {"kid": None},
        {"kid": ["x"]},
        {"kid": {"$ne": None}},
        {"kid": ""},
        {"kid": "x" * 3000},
        {"kid": "../../dev/null"},
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "EdDSA"},
        {"alg": None},
        {"alg": ["HS256"]},
    ],
    ids=str,
)
def test_an_unexpected_header_is_invalid_even_with_a_valid_signature(
    api: Client, more: dict
) -> None:
    token = sign_up(api)["accessToken"]
    assert api.me(build_token(header(token), claims(token), KEY)).errors == []
    forged = build_token(header(token) | more, claims(token), KEY)
    assert api.me(forged).reason == "TOKEN_INVALID"
    assert api.refresh(forged).reason == "TOKEN_INVALID"


def test_a_header_that_is_no_object_is_invalid(api: Client) -> None:
    given = claims(sign_up(api)["accessToken"])
    for forged in ([], "HS256", 7, None, {}):
        assert api.me(build_token(forged, given, KEY)).reason == "TOKEN_INVALID"


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_a_public_key_cannot_sign_tokens(api: Client, app: Flask, algorithm: str) -> None:
    """Try an HMAC with the public key as its secret, in every encoding of it."""
    kid = rotate_key(app, "--algorithm", algorithm)
    token = sign_up(api)["accessToken"]
    verifying, spki = (
        key_ring.current_key_ring().keys[kid].verifying,
        PublicFormat.SubjectPublicKeyInfo,
    )
    public = [verifying.public_bytes(form, spki) for form in (Encoding.PEM, Encoding.DER)]
    for key in (*public, b"", KEY, None):
        for name in ("HS256", algorithm, "none"):
            forged = build_token({"alg": name, "typ": "JWT", "kid": kid}, claims(token), key)
            assert api.me(forged).reason == "TOKEN_INVALID"
    assert api.me(token).errors == []


def test_a_foreign_key_of_the_same_algorithm_is_refused(api: Client, app: Flask) -> None:
    kid = rotate_key(app, "--algorithm", "RS256")
    given = claims(sign_up(api)["accessToken"])
    foreign = generate_private_key(65537, 2048)
    for name in (kid, "0123456789abcdef", secret_kid(SECRET_KEY)):
        forged = jwt.encode(given, foreign, "RS256", headers={"kid": name})
        assert api.me(forged).reason == "TOKEN_INVALID"
    own = jwt.encode(
        given, key_ring.current_key_ring().keys[kid].signing, "RS256", headers={"kid": kid}
    )
    assert api.me(own).errors == []


def test_a_key_is_valid_only_with_its_own_kid(api: Client, app: Flask) -> None:
    first = rotate_key(app)
    second = rotate_key(app)
    given, keys = claims(sign_up(api)["accessToken"]), key_ring.current_key_ring().keys
    for kid, key in ((first, second), (second, first), (secret_kid(SECRET_KEY), first)):
        forged = jwt.encode(given, keys[key].signing, "HS256", headers={"kid": kid})
        assert api.me(forged).reason == "TOKEN_INVALID"


def test_symmetric_keys_are_not_published(api: Client, app: Flask) -> None:
    rotate_key(app, "--algorithm", "HS256")
    assert api.http.get(JWKS).get_json() == {"keys": []}


def test_public_keys_are_published_and_cacheable_for_five_minutes(api: Client, app: Flask) -> None:
    rsa = rotate_key(app, "--algorithm", "RS256")
    flask_keys(app, "rotate", "--algorithm", "EdDSA")
    response = api.http.get(JWKS)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.content_type == "application/json"
    told = {key["kid"]: set(key) for key in response.get_json()["keys"]}
    assert told == {
        load_newest_key()["_id"]: {"kty", "crv", "x", "kid", "alg", "use"},
        rsa: {"kty", "n", "e", "kid", "alg", "use"},
    }
    again = api.http.get(JWKS, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    expire(rsa)
    assert [key["kid"] for key in get_public_keys(api)] == [load_newest_key()["_id"]]


def test_concurrent_rotations_make_one_sequence(api: Client, app: Flask) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: key_ring.rotate_keys("HS256", at_once=True).kid, range(8)))
    stored = list(SigningKey._get_collection().find(sort=[("number", 1)]))
    assert [key["number"] for key in stored] == list(range(9))
    assert {key["_id"] for key in stored[1:]} == set(made)
    assert [key["_id"] for key in stored if "expires_at" not in key] == [stored[-1]["_id"]]
    key_ring.forget_keys()
    assert header(sign_up(api)["accessToken"])["kid"] == stored[-1]["_id"]


def test_a_key_encrypted_with_another_secret_does_not_stop_a_running_server(
    api: Client, app: Flask, no_key_cache: None, caplog: pytest.LogCaptureFixture
) -> None:
    """As if an operator rotated keys in a terminal with a SECRET_KEY other than the servers'."""
    kid = rotate_key(app)
    token = sign_up(api)["accessToken"]
    foreign = seal(new_material("HS256"), "foreign", "HS256", "another secret")
    times = {"created_at": now(), "signs_from": now()}
    SigningKey(id="foreign", number=2, algorithm="HS256", sealed=foreign, **times).save()
    with caplog.at_level(logging.ERROR):
        assert api.me(token).errors == []
    assert "flask keys remove foreign" in caplog.text
    assert header(sign_up(api)["accessToken"])["kid"] == kid
