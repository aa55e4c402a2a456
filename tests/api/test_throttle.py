"""Throttling: lockouts are the same for every address and never affect signed-in callers."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import bcrypt
import pytest

from app import config
from app.models.attempt import Attempts
from app.models.session import Session
from app.models.user import User
from app.security import hashing_queue
from tests.api.test_races import run_at_once
from tests.client import Answer, Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import PASSWORD, person
from tests.processes import stop
from tests.servers import Server, start_server
from tests.unit.test_throttle import age_attempts
from tests.waiting import HANG, wait_until

pytestmark = pytest.mark.usefixtures("stopped_throttle_clock")
EMAIL, WRONG = "ana@example.com", "outra frase longa"


def fail_logins(api: Client, email: str = EMAIL, times: int = 5) -> None:
    """Log in with a wrong password `times` times."""
    for _ in range(times):
        assert api.login(email, WRONG).reason == "INVALID_CREDENTIALS"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list with one entry for each run of bcrypt since the test began."""
    runs: list[str] = []
    for name in ("checkpw", "hashpw"):
        real = getattr(bcrypt, name)

        def counted(*args: bytes, name: str = name, real=real) -> object:
            runs.append(name)
            return real(*args)

        monkeypatch.setattr(bcrypt, name, counted)
    return runs


@pytest.fixture
def full_queue(app: object) -> Iterator[None]:
    """Occupy every place in the hashing queue of this process."""
    line, enough = hashing_queue._queue(), Event()
    places = line.at_once + line.waiting
    with ThreadPoolExecutor(places) as flood:
        asked = [flood.submit(line.run, enough.wait) for _ in range(places)]
        wait_until(lambda: sum(line.load()) == places)
        yield
        enough.set()
        assert [one.result(HANG) for one in asked] == [True] * places


def read_lockout(answer: Answer) -> dict:
    """Return the error of a lockout, without what differs between requests."""
    assert answer.data == {"login": None}
    error = answer.error
    error["extensions"].pop("requestId")
    assert error["extensions"].pop("retryAfter") == 30
    return error


def test_the_sixth_guess_is_refused_without_hashing(api: Client, hashes: list[str]) -> None:
    api.register(person(email=EMAIL))
    hashes.clear()
    fail_logins(api)
    assert hashes == ["checkpw"] * 5
    error = read_lockout(api.login(EMAIL, WRONG))
    assert error["extensions"] == {"code": "TOO_MANY_REQUESTS", "reason": "TOO_MANY_ATTEMPTS"}
    assert hashes == ["checkpw"] * 5


def test_the_right_password_is_refused_too_during_the_lockout(api: Client) -> None:
    api.register(person(email=EMAIL))
    fail_logins(api)
    sessions, before = Session.objects.count(), User.objects.get().to_mongo()
    assert read_lockout(api.login(EMAIL, PASSWORD)) == read_lockout(
        api.login("ANA@example.com", WRONG)
    )
    assert Session.objects.count() == sessions
    assert User.objects.get().to_mongo() == before
    age_attempts(30)
    assert api.login(EMAIL, PASSWORD).errors == []
    fail_logins(api)


def test_an_unknown_address_is_locked_out_in_the_same_way(api: Client) -> None:
    api.register(person(email=EMAIL))
    fail_logins(api)
    fail_logins(api, "ninguem@example.com")
    assert read_lockout(api.login("ninguem@example.com", WRONG)) == read_lockout(
        api.login(EMAIL, WRONG)
    )


def test_invalid_input_does_not_count_as_a_guess(api: Client) -> None:
    api.register(person(email=EMAIL))
    for _ in range(6):
        assert api.login(EMAIL, "").reason == "INVALID_DATA"
    assert api.login(EMAIL, PASSWORD).errors == []


def test_a_lockout_does_not_affect_signed_in_callers(api: Client) -> None:
    tokens = api.register(person(email=EMAIL)).data["register"]["tokens"]
    fail_logins(api)
    read_lockout(api.login(EMAIL, PASSWORD))
    assert api.me(tokens["accessToken"]).data["me"]["email"] == EMAIL
    renewed = api.refresh(tokens["refreshToken"]).data["refreshToken"]["tokens"]
    assert api.me(renewed["accessToken"]).errors == []


def test_failures_are_counted_by_the_client_address_given_by_proxies(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = replace(config.current(), throttle_address_failures=3, trusted_proxies=1)
    monkeypatch.setattr(config, "_current", fewer)

    def guess(number: int, address: str) -> str:
        headers = {"X-Forwarded-For": address}
        return api.login(f"pessoa{number}@example.com", WRONG, headers=headers).reason

    told = [guess(number, "203.0.113.7") for number in range(4)]
    assert told == ["INVALID_CREDENTIALS"] * 3 + ["TOO_MANY_ATTEMPTS"]
    assert guess(4, "203.0.113.8") == "INVALID_CREDENTIALS"
    assert guess(5, "203.0.113.8, 203.0.113.7") == "TOO_MANY_ATTEMPTS"


def test_refreshes_with_invalid_tokens_are_counted_by_address(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = replace(config.current(), throttle_address_failures=3)
    monkeypatch.setattr(config, "_current", fewer)
    told = [api.refresh("no token").reason for _ in range(4)]
    assert told == ["TOKEN_INVALID"] * 3 + ["TOO_MANY_ATTEMPTS"]


def test_fifty_guesses_at_two_workers_run_bcrypt_five_times(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    live.register(person(email=EMAIL))
    told = Counter(answer.reason for answer in run_at_once(50, lambda _: live.login(EMAIL, WRONG)))
    assert told == {"INVALID_CREDENTIALS": 5, "TOO_MANY_ATTEMPTS": 45}


def test_each_login_of_a_request_counts(api: Client, database_uri: str, tmp_path: Path) -> None:
    given = f'input: {{email: "{EMAIL}", password: "{WRONG}"}}'
    text = " ".join(f"try{n}: login({given}) {{ user {{ id }} }}" for n in range(7))
    environment = {**ENVIRONMENT, "MONGODB_URI": database_uri, "MAX_LOGINS": "7"}
    server = start_server({**environment, "MAX_ROOT_MUTATIONS": "7"}, tmp_path)
    try:
        answer = Client(Socket(server.url)).send(f"mutation {{ {text} }}")
    finally:
        stop(server.process)
    told = {error["path"][0]: error["extensions"]["reason"] for error in answer.errors}
    assert told == {f"try{n}": "INVALID_CREDENTIALS" for n in range(5)} | {
        f"try{n}": "TOO_MANY_ATTEMPTS" for n in (5, 6)
    }


def test_a_lockout_survives_a_restart(api: Client, database_uri: str, tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "MONGODB_URI": database_uri, "WORKERS": "1"}
    for guesses in (["INVALID_CREDENTIALS"] * 5, ["TOO_MANY_ATTEMPTS"]):
        server = start_server(environment, tmp_path)
        try:
            live = Client(Socket(server.url))
            assert [live.login(EMAIL, WRONG).reason for _ in guesses] == guesses
        finally:
            stop(server.process)


def test_throttled_responses_are_delayed_by_a_second(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = live.register(person(email=EMAIL)).data["register"]["tokens"]["accessToken"]
    fail_logins(live)

    def seconds_of_a_guess(_: int) -> float:
        began = time.monotonic()
        assert live.login(EMAIL, WRONG).reason == "TOO_MANY_ATTEMPTS"
        return time.monotonic() - began

    with ThreadPoolExecutor(40) as clients:  # more than the threads of both workers
        waited = clients.map(seconds_of_a_guess, range(40))
        assert live.me(token).errors == []
        assert min(waited) >= 1


@pytest.mark.usefixtures("full_queue")
def test_a_login_is_refused_and_not_counted_when_the_queue_is_full(api: Client) -> None:
    answer = api.login(EMAIL, PASSWORD)
    assert (answer.code, answer.reason) == ("SERVICE_UNAVAILABLE", "OVERLOADED")
    assert answer.error["extensions"]["retryAfter"] == 1
    assert Attempts.objects.count() == 0


@pytest.mark.usefixtures("full_queue")
def test_a_registration_creates_nothing_and_is_not_counted_when_the_queue_is_full(
    api: Client,
) -> None:
    answer = api.register(person(email=EMAIL))
    assert (answer.code, answer.reason) == ("SERVICE_UNAVAILABLE", "OVERLOADED")
    assert [kind.objects.count() for kind in (User, Session, Attempts)] == [0, 0, 0]


def test_a_flood_of_logins_does_not_affect_signed_in_callers(
    api: Client, request: pytest.FixtureRequest
) -> None:
    tokens = api.register(person()).data["register"]["tokens"]
    request.getfixturevalue("full_queue")
    assert api.me(tokens["accessToken"]).errors == []
    assert api.refresh(tokens["refreshToken"]).errors == []


def test_throttling_takes_two_commands_a_login(api: Client, commands: list[str]) -> None:
    api.register(person(email=EMAIL))
    commands.clear()
    assert api.login(EMAIL, PASSWORD).errors == []
    counted, found, settled, *session = commands
    assert (counted, found, settled) == ("update", "find", "update")
    assert session == ["insert", "update", "insert", "commitTransaction"]
