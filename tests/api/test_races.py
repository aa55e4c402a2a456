"""Races, on a real server with two workers: each unique change succeeds once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.models.session import Session
from app.models.user import User
from tests.client import Answer, Client, Socket
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter, deliver_mail
from tests.servers import Server


def run_at_once(count: int, act) -> list[Answer]:
    """Run act(index) in `count` threads that start together; return the answers.

    A request that is refused because the hashing queue is full is retried, as a client would.
    """
    start = Barrier(count)

    def run(index: int) -> Answer:
        start.wait()
        while (answer := act(index)).errors and answer.reason == "OVERLOADED":
            time.sleep(0.05)
        return answer

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_fifty_registrations_of_one_address_create_one_account(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    spellings = ["ana@example.com", "ANA@example.com", "Ana@Example.Com", " ana@EXAMPLE.com "]
    answers = run_at_once(50, lambda index: live.register(person(email=spellings[index % 4])))
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
    answers = run_at_once(30, lambda _: live.refresh(token))
    assert [a.errors for a in answers if a.errors] == []
    successors = {a.data["refreshToken"]["tokens"]["refreshToken"] for a in answers}
    assert len(successors) == 1
    session = Session.objects.get()
    assert len(session.rotations) == 1
    assert live.refresh(successors.pop()).errors == []


def test_thirty_logouts_of_one_session_end_it_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = live.register(person()).data["register"]["tokens"]["accessToken"]
    answers = run_at_once(30, lambda _: live.logout(token))
    ended = [a.data["logout"]["sessionsEnded"] for a in answers if not a.errors]
    assert sum(ended) == 1
    assert {a.reason for a in answers if a.errors} <= {"TOKEN_REVOKED"}
    assert User.objects.get().session_ids == []


def test_thirty_uses_of_one_reset_link_reset_once(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    given = person()
    live.register(given)
    live.send(
        "mutation($email: String!) { requestPasswordReset(input: {email: $email}) { accepted } }",
        {"email": given["email"]},
    )
    token = deliver_letter("RESET_PASSWORD").token
    reset = """
    mutation($input: ResetPasswordInput!) {
      resetPassword(input: $input) { tokens { accessToken } }
    }
    """
    passwords = [f"uma frase boa, a de número {number}" for number in range(30)]
    answers = run_at_once(
        30, lambda n: live.send(reset, {"input": {"token": token, "newPassword": passwords[n]}})
    )
    won = [number for number, answer in enumerate(answers) if not answer.errors]
    assert len(won) == 1
    assert {a.reason for a in answers if a.errors} == {"LINK_INVALID"}
    assert User.objects.get().session_ids == [Session.objects.get().id]
    assert [mail.kind for mail in deliver_mail()] == ["PASSWORD_CHANGED"]
    assert live.login(given["email"], passwords[won[0]]).errors == []


def test_a_reset_during_logins_leaves_no_session_of_the_old_password(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    given = person()
    tokens = live.register(given).data["register"]["tokens"]
    change = """
    mutation($input: ChangePasswordInput!) {
      changePassword(input: $input) { tokens { accessToken } }
    }
    """
    new = {"currentPassword": PASSWORD, "newPassword": "outra frase longa e boa"}

    def act(number: int) -> Answer:
        if number == 0:
            return live.send(change, {"input": new}, token=tokens["accessToken"])
        return live.login(given["email"], PASSWORD)

    changed, *logins = run_at_once(12, act)

    assert changed.errors == []
    assert len(User.objects.get().session_ids) == 1  # sessions from before have ended, too
    assert [session.id for session in Session.objects] == User.objects.get().session_ids
    fresh = changed.data["changePassword"]["tokens"]["accessToken"]
    assert live.me(fresh).errors == []
    for login in logins:
        if not login.errors:
            old = login.data["login"]["tokens"]["accessToken"]
            assert live.me(old).reason == "TOKEN_REVOKED"
        else:
            assert login.reason in ("INVALID_CREDENTIALS", "TOO_MANY_ATTEMPTS")
