"""refreshToken and logout: renewing and ending sessions."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from app.clock import now
from app.models.session import Session
from app.models.user import User
from app.security.keys import secret_kid
from tests.client import Client
from tests.conftest import SECRET_KEY
from tests.factories import person


def sign_up(api: Client) -> dict:
    return api.register(person()).data["register"]["tokens"]


def shift_rotations(seconds: int) -> None:
    """Move every rotation `seconds` back."""
    sessions = Session._get_collection()
    for session in sessions.find():
        moved = [r | {"at": r["at"] - timedelta(seconds=seconds)} for r in session["rotations"]]
        sessions.update_one({"_id": session["_id"]}, {"$set": {"rotations": moved}})


def forge_token(
    token: str, key: str = SECRET_KEY, algorithm: str = "HS256", **changes: object
) -> str:
    """Return the token with other claims, signed again; None removes a claim."""
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm)


def test_exchanges_a_refresh_token_for_a_new_pair(api: Client) -> None:
    first = sign_up(api)
    answer = api.refresh(first["refreshToken"])
    assert answer.errors == []
    second = answer.data["refreshToken"]["tokens"]
    assert second["refreshToken"] != first["refreshToken"]
    assert second["accessToken"] != first["accessToken"]
    assert second["expiresIn"] == 1200
    assert api.me(second["accessToken"]).errors == []
    assert api.me(first["accessToken"]).errors == [], "the session goes on, its tokens too"
    assert api.refresh(second["refreshToken"]).errors == []


def test_a_used_token_returns_the_same_successor_within_ten_seconds(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, at = sign_up(api)["refreshToken"], now()
    monkeypatch.setattr("app.accounts.refresh_token.now", lambda: at)
    second = api.refresh(first).data["refreshToken"]["tokens"]
    shift_rotations(9)
    again = api.refresh(first)
    assert again.errors == []
    successor = again.data["refreshToken"]["tokens"]["refreshToken"]
    claims = jwt.decode(successor, options={"verify_signature": False})
    wanted = jwt.decode(second["refreshToken"], options={"verify_signature": False})
    assert claims["jti"] == wanted["jti"]
    assert api.refresh(successor).errors == []


def test_the_same_successor_is_identical(api: Client) -> None:
    first = sign_up(api)["refreshToken"]
    answers = [api.refresh(first).data["refreshToken"]["tokens"] for _ in range(3)]
    assert len({tokens["refreshToken"] for tokens in answers}) == 1
    assert len({tokens["refreshExpiresAt"] for tokens in answers}) == 1
    assert len({tokens["accessToken"] for tokens in answers}) == 3


def test_a_late_retry_of_an_older_token_returns_its_own_successor(api: Client) -> None:
    first = sign_up(api)["refreshToken"]
    second = api.refresh(first).data["refreshToken"]["tokens"]["refreshToken"]
    third = api.refresh(second).data["refreshToken"]["tokens"]["refreshToken"]
    assert api.refresh(first).data["refreshToken"]["tokens"]["refreshToken"] == second
    assert api.refresh(second).data["refreshToken"]["tokens"]["refreshToken"] == third


def test_a_used_token_sent_later_ends_the_session(api: Client) -> None:
    first = sign_up(api)
    second = api.refresh(first["refreshToken"]).data["refreshToken"]["tokens"]
    shift_rotations(11)
    answer = api.refresh(first["refreshToken"])
    assert answer.data == {"refreshToken": None}
    assert (answer.code, answer.reason) == ("UNAUTHENTICATED", "TOKEN_REUSED")
    assert api.refresh(second["refreshToken"]).reason == "TOKEN_REVOKED"
    assert api.me(second["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.me(first["accessToken"]).reason == "TOKEN_REVOKED"
    assert Session.objects.count() == 0


def test_reuse_ends_that_session_and_no_other(api: Client) -> None:
    given = person()
    first = api.register(given).data["register"]["tokens"]
    other = api.login(given["email"], given["password"]).data["login"]["tokens"]
    api.refresh(first["refreshToken"])
    shift_rotations(11)
    assert api.refresh(first["refreshToken"]).reason == "TOKEN_REUSED"
    assert api.me(other["accessToken"]).errors == []
    assert api.refresh(other["refreshToken"]).errors == []


def test_refreshing_extends_the_session(api: Client) -> None:
    token = sign_up(api)["refreshToken"]
    long_ago = Session.objects.first().expires_at - timedelta(days=20)
    Session.objects.update(set__expires_at=long_ago)
    tokens = api.refresh(token).data["refreshToken"]["tokens"]
    expires_at = Session.objects.first().expires_at.isoformat(timespec="seconds")
    assert tokens["refreshExpiresAt"] == expires_at
    assert Session.objects.first().expires_at > long_ago + timedelta(days=19)


def test_logout_ends_the_session_at_once(api: Client) -> None:
    tokens = sign_up(api)
    answer = api.logout(tokens["accessToken"])
    assert answer.data == {"logout": {"sessionsEnded": 1}}
    assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REVOKED"
    assert api.logout(tokens["accessToken"]).reason == "TOKEN_REVOKED"


def test_logout_ends_this_session_and_no_other(api: Client) -> None:
    given = person()
    first = api.register(given).data["register"]["tokens"]
    second = api.login(given["email"], given["password"]).data["login"]["tokens"]
    api.logout(first["accessToken"])
    assert api.me(second["accessToken"]).errors == []


def test_a_session_ended_by_one_mutation_is_over_for_the_next(api: Client) -> None:
    token = sign_up(api)["accessToken"]
    answer = api.send(
        "mutation { first: logout { sessionsEnded } second: logout { sessionsEnded } }", token=token
    )
    assert answer.data == {"first": {"sessionsEnded": 1}, "second": None}
    assert answer.reason == "TOKEN_REVOKED"
    assert answer.error["path"] == ["second"]


def test_tokens_of_a_deactivated_account_get_their_own_error(api: Client) -> None:
    tokens = sign_up(api)
    User.objects.update(set__active=False)
    assert api.me(tokens["accessToken"]).reason == "ACCOUNT_INACTIVE"
    assert api.refresh(tokens["refreshToken"]).reason == "ACCOUNT_INACTIVE"


def test_a_deleted_account_has_no_sessions(api: Client) -> None:
    tokens = sign_up(api)
    User.objects.delete()
    assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REVOKED"


def test_tokens_have_every_claim(api: Client) -> None:
    tokens = sign_up(api)
    for kind, token in (("access", tokens["accessToken"]), ("refresh", tokens["refreshToken"])):
        header = jwt.get_unverified_header(token)
        assert header == {"alg": "HS256", "typ": "JWT", "kid": secret_kid(SECRET_KEY)}
        claims = jwt.decode(token, SECRET_KEY, ["HS256"], audience="graphql-accounts")
        assert claims["type"] == kind
        assert claims["iss"] == "graphql-accounts"
        assert claims["sub"] == str(User.objects.first().id)
        assert claims["sid"] == str(Session.objects.first().id)
        assert claims["nbf"] == claims["iat"] < claims["exp"]


@pytest.mark.parametrize("claim", ["sub", "sid", "jti", "type", "iss", "aud", "iat", "nbf", "exp"])
def test_a_token_without_one_of_its_claims_is_invalid(api: Client, claim: str) -> None:
    tokens = sign_up(api)
    without = forge_token(tokens["accessToken"], **{claim: None})
    assert api.me(without).reason == "TOKEN_INVALID"
    assert (
        api.refresh(forge_token(tokens["refreshToken"], **{claim: None})).reason == "TOKEN_INVALID"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another key of more than thirty-two bytes"},
        {"algorithm": "HS512"},
        {"iss": "somebody else"},
        {"aud": "somebody else"},
        {"type": "refresh"},
        {"sub": 7},
        {"sid": 7},
        {"jti": ["x"]},
        {"nbf": 4102444800},
        {"iat": 4102444800},
        {"exp": "tomorrow"},
    ],
)
def test_a_forged_token_is_invalid(api: Client, changes: dict) -> None:
    assert api.me(forge_token(sign_up(api)["accessToken"], **changes)).reason == "TOKEN_INVALID"


def test_a_token_without_algorithm_is_invalid(api: Client) -> None:
    claims = jwt.decode(sign_up(api)["accessToken"], options={"verify_signature": False})
    for algorithm in ("none", "None", "NONE"):
        parts = [{"alg": algorithm, "typ": "JWT"}, claims]
        unsigned = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        assert api.me(unsigned + ".").reason == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "rubbish",
    ["", " ", "a", "a.b.c", "...", "é", "[" * 3000, "x" * 5000, "a,Bearer b", "null"],
)
def test_random_text_is_an_invalid_token(api: Client, rubbish: str) -> None:
    assert api.me(rubbish.encode().decode("latin-1")).reason == "TOKEN_INVALID"
    assert api.refresh(rubbish).reason == "TOKEN_INVALID"


def test_a_deeply_nested_header_is_an_invalid_token(api: Client) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 2900).decode().rstrip("=")
    assert api.me(f"{deep}.e30.e30").reason == "TOKEN_INVALID"


def test_an_access_token_does_not_refresh(api: Client) -> None:
    assert api.refresh(sign_up(api)["accessToken"]).reason == "TOKEN_INVALID"


def test_a_token_expires_after_ten_seconds_of_leeway(api: Client) -> None:
    token = sign_up(api)["accessToken"]
    issued = jwt.decode(token, options={"verify_signature": False})["iat"]
    assert api.me(forge_token(token, exp=issued - 20)).reason == "TOKEN_EXPIRED"
    assert api.me(forge_token(token, exp=issued - 3)).errors == []


def test_a_scheme_other_than_bearer_is_an_invalid_token(api: Client) -> None:
    answer = api.me(headers={"Authorization": "Basic YTpi"})
    assert answer.reason == "TOKEN_INVALID"
    assert api.me(headers={"Authorization": f"bearer  {sign_up(api)['accessToken']}"}).errors == []


def test_an_invalid_token_does_not_affect_public_fields(api: Client) -> None:
    assert api.send("{ passwordPolicy { minLength } }", token="rubbish").errors == []
    assert api.register(person(), token="rubbish").errors == []
