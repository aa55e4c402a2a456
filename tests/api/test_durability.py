"""Faults: acknowledged writes survive kill -9; an unreachable database is reported as such."""

import time
from pathlib import Path

import requests

from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import PASSWORD, person
from tests.processes import start_database, stop
from tests.servers import start_server
from tests.waiting import HANG, wait_until


def test_acknowledged_writes_survive_the_kill_of_server_and_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database, uri = start_database(data)
    server = start_server({**ENVIRONMENT, "MONGODB_URI": uri}, tmp_path)
    live = Client(Socket(server.url))
    people = [person() for _ in range(30)]
    tokens = [live.register(given).data["register"]["tokens"] for given in people]
    for process in (database, server.process):
        with process:
            process.kill()

    database, uri = start_database(data)
    server = start_server({**ENVIRONMENT, "MONGODB_URI": uri}, tmp_path)
    try:
        live = Client(Socket(server.url))
        for given, pair in zip(people, tokens, strict=True):
            assert live.me(pair["accessToken"]).data["me"]["email"] == given["email"]
            assert live.refresh(pair["refreshToken"]).errors == []
            assert live.login(given["email"], PASSWORD).errors == []
            assert live.register(given).reason == "ALREADY_EXISTS"
    finally:
        stop(server.process)
        stop(database)


def test_workers_end_when_their_server_is_killed(database_uri: str, tmp_path: Path) -> None:
    server = start_server({**ENVIRONMENT, "MONGODB_URI": database_uri}, tmp_path)
    with server.process:
        server.process.kill()
    wait_until(lambda: not is_served(server.url))


def is_served(url: str) -> bool:
    try:
        requests.get(f"{url}/health/live", timeout=HANG)
    except requests.ConnectionError:
        return False
    return True


def test_an_unreachable_database_is_reported_as_unavailable(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database, uri = start_database(data)
    uri = uri.partition("?")[0]
    waits = {"DATABASE_TIMEOUT_MS": "3000", "WORKERS": "1"}  # each worker notices it on its own
    server = start_server({**ENVIRONMENT, "MONGODB_URI": uri, **waits}, tmp_path)
    try:
        live = Client(Socket(server.url))
        token = live.register(person()).data["register"]["tokens"]["accessToken"]
        stop(database)
        began = time.monotonic()
        answers = [live.me(token)]
        waited = time.monotonic() - began
        assert waited >= 2.9
        answers += [live.register(person()), live.login("a@b.co", "x")]
        for answer in answers:
            assert (answer.code, answer.reason) == ("SERVICE_UNAVAILABLE", "DATABASE_UNAVAILABLE")
            assert answer.error["extensions"]["retryAfter"] == 1
            assert "mongo" not in answer.response.text.lower()
        began = time.monotonic()
        for _ in range(5):
            live.me(token)
        assert time.monotonic() - began < waited, "the next ones are not made to wait"
        assert requests.get(f"{server.url}/health/ready", timeout=HANG).status_code == 503
        assert requests.get(f"{server.url}/health/live", timeout=HANG).status_code == 200
        assert live.send("{ passwordPolicy { minLength } }").errors == []
        by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
        nothing_ran = requests.post(f"{server.url}/graphql", json=by_hash, timeout=HANG)
        assert nothing_ran.status_code == 503
        reason = nothing_ran.json()["errors"][0]["extensions"]["reason"]
        assert reason == "DATABASE_UNAVAILABLE"
    finally:
        stop(server.process)
