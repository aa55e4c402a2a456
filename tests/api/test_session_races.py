"""Races for sessions, on a real server with two workers: each session ends once, with one event."""

from datetime import timedelta

from app.clock import now
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.api.test_races import run_at_once
from tests.api.test_sessions import shift_rotations
from tests.client import Client, Socket
from tests.factories import PASSWORD, person
from tests.servers import Server


def test_thirty_logouts_from_everywhere_count_each_session_once(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    given = person()
    tokens = [live.register(given).data["register"]["tokens"]]
    tokens += [live.login(given["email"], PASSWORD).data["login"]["tokens"] for _ in range(5)]
    everywhere = "mutation { logoutEverywhere { sessionsEnded } }"
    answers = run_at_once(30, lambda n: live.send(everywhere, token=tokens[n % 6]["accessToken"]))
    ended = [a.data["logoutEverywhere"]["sessionsEnded"] for a in answers if not a.errors]
    assert ended == [6]
    assert {a.reason for a in answers if a.errors} == {"TOKEN_REVOKED"}
    assert User.objects.get().session_ids == []
    assert Session.objects.count() == 0
    assert SecurityEvent.objects(type="LOGGED_OUT").count() == 1


def test_thirty_devices_that_log_out_all_others_leave_one(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    given = person()
    tokens = [live.register(given).data["register"]["tokens"]]
    tokens += [live.login(given["email"], PASSWORD).data["login"]["tokens"] for _ in range(5)]
    others = "mutation { logoutEverywhere(input: {exceptCurrent: true}) { sessionsEnded } }"
    answers = run_at_once(30, lambda n: live.send(others, token=tokens[n % 6]["accessToken"]))
    ended = [a.data["logoutEverywhere"]["sessionsEnded"] for a in answers if not a.errors]
    assert sum(ended) == 5
    assert {a.reason for a in answers if a.errors} == {"TOKEN_REVOKED"}
    assert User.objects.get().session_ids == [Session.objects.get().id]
    assert SecurityEvent.objects(type="LOGGED_OUT").count() == 1


def test_thirty_revocations_of_one_session_end_it_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    given = person()
    asking = live.register(given).data["register"]["tokens"]["accessToken"]
    live.login(given["email"], PASSWORD)
    kept, revoked = User.objects.get().session_ids
    revoke = (
        f'mutation {{ revokeSession(input: {{sessionId: "{revoked}"}}) {{ session {{ id }} }} }}'
    )
    answers = run_at_once(30, lambda _: live.send(revoke, token=asking))
    told = [a.data["revokeSession"]["session"]["id"] for a in answers if not a.errors]
    assert told == [str(revoked)]
    assert {a.reason for a in answers if a.errors} == {"DOES_NOT_EXIST"}
    assert User.objects.get().session_ids == [kept]
    assert SecurityEvent.objects(type="SESSION_REVOKED").count() == 1


def test_thirty_reuses_of_one_token_end_its_session_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    used = live.register(person()).data["register"]["tokens"]["refreshToken"]
    live.refresh(used)
    shift_rotations(11)
    answers = run_at_once(30, lambda _: live.refresh(used))
    assert {a.reason for a in answers} <= {"TOKEN_REUSED", "TOKEN_REVOKED"}
    assert User.objects.get().session_ids == []
    assert SecurityEvent.objects(type="TOKEN_REUSED").count() == 1


def test_two_workers_store_a_use_once_a_minute(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    # opened by this process, so that neither worker knows the session
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    Session.objects.update(set__last_used_at=now() - timedelta(seconds=61))
    began = now()
    assert live.me(token).errors == []
    written = Session.objects.get().last_used_at
    assert began <= written <= now()
    answers = run_at_once(30, lambda _: live.me(token))
    assert [a.errors for a in answers if a.errors] == []
    assert Session.objects.get().last_used_at == written
