"""Signing keys on several real workers, and a standard client that verifies tokens itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
import requests
from flask import Flask
from jwt import PyJWKClient

from app.models.signing_key import SigningKey
from app.security import tokens
from app.security.keys import secret_kid
from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT, SECRET_KEY
from tests.factories import PASSWORD, person
from tests.keys import flask_keys, header, rotate_key
from tests.processes import stop
from tests.servers import Server, start_server
from tests.waiting import HANG, wait_until

Serve = Callable[..., Server]


@pytest.fixture
def serve(api: Client, database_uri: str, tmp_path: Path) -> Iterator[Serve]:
    """Start servers of two workers over the database that `api` has emptied."""
    servers: list[Server] = []

    def started(**changes: str) -> Server:
        environment = {**ENVIRONMENT, "MONGODB_URI": database_uri, "WORKERS": "2", **changes}
        servers.append(start_server(environment, tmp_path))
        return servers[-1]

    yield started
    for server in servers:
        stop(server.process)


def get_access_token(live: Client) -> str:
    answer = live.register(person())
    assert answer.errors == []
    return answer.data["register"]["tokens"]["accessToken"]


def test_two_workers_load_a_new_key_and_end_no_session(serve: Serve, app: Flask) -> None:
    live = Client(Socket(serve().url))
    given = person()
    before = live.register(given).data["register"]["tokens"]
    assert header(before["accessToken"])["kid"] == secret_kid(SECRET_KEY)
    kid = rotate_key(app)
    fresh = Client(app.test_client()).login(given["email"], PASSWORD)  # another worker
    token = fresh.data["login"]["tokens"]["accessToken"]
    assert header(token)["kid"] == kid
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: live.me(token), range(40)))
    assert [answer.errors for answer in answers] == [[]] * 40
    assert live.me(before["accessToken"]).errors == []

    def all_sign_with_it() -> bool:
        kids = {header(get_access_token(live))["kid"] for _ in range(6)}
        assert kids <= {kid, secret_kid(SECRET_KEY)}
        return kids == {kid}

    wait_until(all_sign_with_it, pause=1)
    after = live.refresh(before["refreshToken"]).data["refreshToken"]["tokens"]
    assert header(after["refreshToken"])["kid"] == kid
    assert live.me(after["accessToken"]).errors == []


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_workers_that_start_together_create_one_key_that_clients_can_verify(
    serve: Serve, app: Flask, algorithm: str
) -> None:
    server = serve(JWT_ALGORITHM=algorithm)
    live = Client(Socket(server.url))
    address = f"{server.url}/.well-known/jwks.json"
    with ThreadPoolExecutor(16) as pool:  # no worker has a key: the first creates it
        told = list(pool.map(lambda _: requests.get(address, timeout=HANG).json(), range(16)))
    made = [get_access_token(live) for _ in range(4)]
    newest, secret = SigningKey._get_collection().find(sort=[("number", -1)])
    assert secret["_id"] == secret_kid(SECRET_KEY)
    assert [[key["kid"] for key in keys["keys"]] for keys in told] == [[newest["_id"]]] * 16
    assert {header(token)["kid"] for token in made} == {newest["_id"]}
    client = PyJWKClient(address)
    for token in (made[0], made[-1]):
        key = client.get_signing_key_from_jwt(token)
        read = jwt.decode(token, key, [algorithm], audience="graphql-accounts", leeway=5)
        assert read["sub"] == tokens.read_access(token).user_id
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token[:-8] + "AAAAAAAA", key, [algorithm], audience="graphql-accounts")
    older = newest["_id"]
    flask_keys(app, "rotate", "--at-once", "--algorithm", algorithm)
    token = tokens.issue(
        read["sub"], read["sid"], refresh_id="x", refresh_issued_at=newest["created_at"]
    ).access_token
    assert header(token)["kid"] != older
    assert [live.me(token).errors for _ in range(8)] == [[]] * 8
