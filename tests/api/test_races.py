"""Races, against a real server with two workers: the database decides, once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.models.session import Session
from app.models.user import User
from tests.client import Answer, Client, Socket
from tests.factories import PASSWORD, person
from tests.servers import Server


def at_once(count: int, act) -> list[Answer]:
    """The answers of `count` threads that start together; act(index) is one request.

    Who is told that the server has too much to hash comes back, as a client would.
    """
    start = Barrier(count)

    def run(index: int) -> Answer:
        start.wait()
        while (answer := act(index)).errors and answer.reason == "OVERLOADED":
            time.sleep(0.05)
        return answer

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_fifty_registrations_of_one_address_make_one_account(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    spellings = ["ana@example.com", "ANA@example.com", "Ana@Example.Com", " ana@EXAMPLE.com "]
    answers = at_once(50, lambda index: live.register(person(email=spellings[index % 4])))
    assert Counter(a.reason if a.errors else "made" for a in answers) == {
        "made": 1,
        "ALREADY_EXISTS": 49,
    }
    assert User.objects.count() == 1
    assert Session.objects.count() == 1
    assert live.login("ana@example.com", PASSWORD).errors == []


def test_thirty_refreshes_of_one_token_leave_one_live_refresh_token(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    token = live.register(person()).data["register"]["tokens"]["refreshToken"]
    answers = at_once(30, lambda _: live.refresh(token))
    assert [a.errors for a in answers if a.errors] == []
    successors = {a.data["refreshToken"]["tokens"]["refreshToken"] for a in answers}
    assert len(successors) == 1
    session = Session.objects.get()
    assert len(session.rotations) == 1
    assert live.refresh(successors.pop()).errors == []


def test_thirty_logouts_of_one_session_end_it_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = live.register(person()).data["register"]["tokens"]["accessToken"]
    answers = at_once(30, lambda _: live.logout(token))
    ended = [a.data["logout"]["sessionsEnded"] for a in answers if not a.errors]
    assert sum(ended) == 1
    assert {a.reason for a in answers if a.errors} <= {"TOKEN_REVOKED"}
    assert User.objects.get().session_ids == []
