"""The outbox and its workers: real processes, a real SMTP server, and no mail that is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bson import ObjectId
from flask import Flask

from app.clock import now
from app.mail.delivery import MOST_ATTEMPTS
from app.mail_kinds import MailKind
from app.models import outgoing_mail as outbox
from app.models.outgoing_mail import OutgoingMail, enqueue_mail
from app.models.transaction import in_transaction
from app.models.user import User
from tests.client import Client
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.mail_server import MailServer, serve_mail
from tests.processes import ROOT, connect, start_database, stop
from tests.servers import free_port
from tests.waiting import HANG, wait_until

PRODUCTION = {"FLASK_ENV": "production", "MONGODB_URI": "mongodb://127.0.0.1:1/accounts"}


class Workers:
    """Starts workers that deliver to one server, and ends those that still run."""

    def __init__(self, database_uri: str, server: MailServer, folder: Path) -> None:
        self.log = folder / "worker.log"
        self.environment = {
            **os.environ,
            **ENVIRONMENT,
            "MONGODB_URI": database_uri,
            "SMTP_URL": server.url,
            "OUTBOX_RETRY_SECONDS": "1",
        }
        self.processes: list[subprocess.Popen] = []

    def start(self, **changes: str) -> subprocess.Popen:
        """Start a worker as ./boot.sh worker does."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.worker"],
                cwd=ROOT,
                env={**self.environment, **changes},
                stderr=log,
            )
        self.processes.append(process)
        return process

    def lines(self) -> list[dict]:
        """Return the log lines of the workers about mail."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[0] == "{"]

    def outcomes(self) -> list[str]:
        """Return the logged outcomes, in order."""
        return [line["outcome"] for line in self.lines()]


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server."""
    with serve_mail() as server:
        yield server


@pytest.fixture
def workers(api: Client, database_uri: str, server: MailServer, tmp_path: Path):
    """Starts workers on the empty database."""
    workers = Workers(database_uri, server, tmp_path)
    yield workers
    for process in workers.processes:
        stop(process)


def register(api: Client, **changes: object) -> User:
    """Register an account and remove the mail of its registration."""
    assert api.register(person(**changes)).errors == []
    OutgoingMail.objects.delete()
    return User.objects.order_by("-id").first()


def post_notice(user: User) -> ObjectId:
    return enqueue_mail(MailKind.PASSWORD_CHANGED, to=user.email, user_id=user.id)


def restart_database(folder: Path, uri: str) -> subprocess.Popen:
    """Start the database of the folder on the same port as before."""
    port = uri.partition("127.0.0.1:")[2].partition("/")[0]
    command = [sys.executable, "-m", "development.embedded_database", "--folder", str(folder)]
    return subprocess.Popen([*command, "--port", port], cwd=ROOT, stdout=subprocess.DEVNULL)


def expire_lease() -> None:
    """Let the lease of the mail expire that a killed worker held."""
    mail = OutgoingMail.objects.get()
    assert mail.due_at > now(), "no other worker takes it up before"
    OutgoingMail.objects(id=mail.id).update(set__due_at=now())


def is_outbox_empty() -> bool:
    return OutgoingMail.objects.count() == 0


def test_a_registration_sends_its_mail(api: Client, server: MailServer, workers: Workers) -> None:
    assert api.register(person(fullName="Ana Lima", email="ana@example.com")).errors == []
    owed = OutgoingMail.objects.get()
    workers.start()
    (message,) = server.wait_for(1)
    assert message["Message-ID"] == f"<{owed.id}@example.com>"
    assert message["From"] == "Contas <contas@example.com>"
    assert message["To"] == "ana@example.com"
    assert message["Subject"] == "Confirme seu e-mail"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "http://localhost:3000/verify-email?token=" in message.get_body().get_content()
    assert server.recipients == ["ana@example.com"]
    wait_until(is_outbox_empty)
    assert workers.outcomes() == ["sent"]


def test_a_mail_is_queued_only_if_its_change_is_committed(api: Client) -> None:
    def change() -> None:
        enqueue_mail(MailKind.ACCOUNT_EXISTS, to="ana@example.com")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(change)
    assert OutgoingMail.objects.count() == 0


def test_an_unknown_address_gets_no_mail(api: Client, server: MailServer, workers: Workers) -> None:
    enqueue_mail(MailKind.RESET_PASSWORD, to="ninguem@example.com")
    workers.start()
    wait_until(is_outbox_empty)
    assert workers.outcomes() == ["dropped"]
    assert server.accepted == []


def test_a_refused_mail_is_retried(api: Client, server: MailServer, workers: Workers) -> None:
    user = register(api)
    server.at["RCPT"] = [f"550 5.1.1 <{user.email}> is unknown here", "451 4.7.1 Greylisted"]
    mail_id = post_notice(user)
    workers.start()
    server.wait_for(1)
    wait_until(is_outbox_empty)
    assert server.message_ids() == [f"<{mail_id}@example.com>"]
    lines = [(line["outcome"], line["attempt"], line.get("why")) for line in workers.lines()]
    assert lines == [
        ("postponed", 1, "recipient: 550 5.1.1"),
        ("postponed", 2, "recipient: 451 4.7.1"),
        ("sent", 3, None),
    ]
    assert user.email not in workers.log.read_text()


def test_a_dropped_connection_is_retried_with_the_same_message_id(
    api: Client, server: MailServer, workers: Workers
) -> None:
    server.at["DATA"] = ["drop"]
    mail_id = post_notice(register(api))
    workers.start()
    server.wait_for(1)
    wait_until(is_outbox_empty)
    assert server.message_ids() == [f"<{mail_id}@example.com>"]
    assert workers.outcomes() == ["postponed", "sent"]
    assert workers.lines()[0]["why"] == "text: SMTPServerDisconnected"


def test_a_slow_server_receives_a_mail_once(
    api: Client, server: MailServer, workers: Workers
) -> None:
    server.at = {name: [lambda: time.sleep(0.5)] for name in ("EHLO", "MAIL", "RCPT", "DATA")}
    post_notice(register(api))
    workers.start()
    wait_until(is_outbox_empty)
    assert workers.outcomes() == ["sent"]
    assert len(server.accepted) == 1


def test_mail_is_delivered_once_the_server_is_back(api: Client, workers: Workers) -> None:
    port = free_port()
    post_notice(register(api))
    workers.start(SMTP_URL=f"smtp://127.0.0.1:{port}")
    wait_until(lambda: workers.outcomes() == ["postponed"])
    assert workers.lines()[0]["why"] == "connection: ConnectionRefusedError"
    with serve_mail(port=port) as server:
        server.wait_for(1)
        wait_until(is_outbox_empty)


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT"])
def test_a_mail_survives_the_kill_of_a_worker_before_it_is_accepted(
    api: Client, server: MailServer, workers: Workers, command: str
) -> None:
    mail_id = post_notice(register(api))
    server.at[command] = [lambda: workers.processes[0].kill()]
    assert workers.start().wait(HANG) == -signal.SIGKILL
    assert OutgoingMail.objects.get().id == mail_id
    assert server.accepted == []
    expire_lease()
    workers.start()
    server.wait_for(1)
    wait_until(is_outbox_empty)
    assert server.message_ids() == [f"<{mail_id}@example.com>"]
    assert [line["attempt"] for line in workers.lines()] == [2]


def test_a_mail_is_repeated_with_its_message_id_if_the_worker_is_killed_after_acceptance(
    api: Client, server: MailServer, workers: Workers
) -> None:
    mail_id = post_notice(register(api))
    # the server has the whole mail, but the worker is dead before it is told
    server.at["DATA"] = [lambda: workers.processes[0].kill()]
    assert workers.start().wait(HANG) == -signal.SIGKILL
    server.wait_for(1)
    assert OutgoingMail.objects.get().id == mail_id
    expire_lease()
    workers.start()
    server.wait_for(2)
    wait_until(is_outbox_empty)
    assert server.message_ids() == [f"<{mail_id}@example.com>"] * 2


def test_two_workers_send_thirty_mails_once_each(
    api: Client, server: MailServer, workers: Workers
) -> None:
    user = register(api)
    ids = [post_notice(user) for _ in range(30)]
    server.at["DATA"] = [lambda: time.sleep(0.05)] * 30
    workers.start()
    workers.start()
    server.wait_for(30)
    wait_until(is_outbox_empty)
    assert Counter(server.message_ids()) == {f"<{mail_id}@example.com>": 1 for mail_id in ids}
    assert Counter(workers.outcomes()) == {"sent": 30}


def test_a_stopping_worker_finishes_the_current_mail(
    api: Client, server: MailServer, workers: Workers
) -> None:
    def stop_worker() -> None:
        workers.processes[0].terminate()
        time.sleep(0.5)

    user = register(api)
    for _ in range(2):
        post_notice(user)
    server.at["DATA"] = [stop_worker]
    assert workers.start().wait(HANG) == 0
    assert len(server.accepted) == 1
    assert OutgoingMail.objects.count() == 1
    assert workers.outcomes() == ["sent"]


def test_a_worker_gives_up_after_a_day_logs_an_error_and_keeps_the_mail(
    api: Client, server: MailServer, workers: Workers
) -> None:
    user = register(api)
    mail_id = post_notice(user)
    before = now() - timedelta(hours=24, seconds=1)
    OutgoingMail.objects.update(set__created_at=before, set__first_tried_at=before)
    server.at["RCPT"] = ["550 No"]
    workers.start()
    wait_until(lambda: OutgoingMail.objects(gave_up_at__ne=None).count() == 1)
    kept = OutgoingMail.objects.get()
    assert kept.id == mail_id
    assert kept.expires_at - kept.gave_up_at == timedelta(days=30)
    (line,) = workers.lines()
    assert (line["level"], line["outcome"]) == ("ERROR", "given up")
    assert (line["mail"], line["kind"]) == (str(mail_id), "PASSWORD_CHANGED")
    assert user.email not in workers.log.read_text()
    assert outbox.waiting() == (0, None)
    assert outbox.lease_next(60) is None


def test_the_day_of_attempts_begins_with_the_first_attempt(
    api: Client, server: MailServer, workers: Workers
) -> None:
    post_notice(register(api))
    OutgoingMail.objects.update(set__created_at=now() - timedelta(days=3))
    server.at["RCPT"] = ["450 Later"]
    began = now()
    workers.start()
    wait_until(lambda: workers.outcomes() == ["postponed"])
    assert began <= OutgoingMail.objects.get().first_tried_at <= now()


def test_a_mail_that_kills_workers_is_given_up_without_an_attempt(
    api: Client, server: MailServer, workers: Workers
) -> None:
    user = register(api)
    deadly, good = post_notice(user), post_notice(user)
    OutgoingMail.objects(id=deadly).update(set__attempts=MOST_ATTEMPTS)
    workers.start()
    server.wait_for(1)
    assert server.message_ids() == [f"<{good}@example.com>"]
    assert workers.lines()[0]["outcome"] == "given up"
    assert workers.lines()[0]["why"] == "taken up too often"
    assert OutgoingMail.objects(id=deadly).get().gave_up_at is not None


def test_a_mail_that_cannot_be_composed_does_not_block_others(
    api: Client, server: MailServer, workers: Workers
) -> None:
    user = register(api)
    bad, good = post_notice(user), post_notice(user)
    OutgoingMail._get_collection().update_one({"_id": bad}, {"$set": {"kind": "NEWER_VERSION"}})
    workers.start()
    server.wait_for(1)
    assert server.message_ids() == [f"<{good}@example.com>"]
    assert workers.lines()[0]["outcome"] == "postponed"
    assert OutgoingMail._get_collection().find_one()["_id"] == bad


def test_a_worker_waits_for_its_database(server: MailServer, tmp_path: Path, app: Flask) -> None:
    process, uri = start_database(tmp_path / "data")
    workers = Workers(uri, server, tmp_path)
    worker = workers.start(DATABASE_TIMEOUT_MS="3000")
    stop(process)
    try:
        wait_until(lambda: "The database does not answer; waiting.\n" in workers.log.read_text())
        assert worker.poll() is None
        process = restart_database(tmp_path / "data", uri)
        wait_until(lambda: "The database answers again.\n" in workers.log.read_text())
    finally:
        stop(worker)
        stop(process)
    assert worker.returncode == 0


def test_a_delivery_during_a_database_outage_is_recorded_afterwards(
    server: MailServer, tmp_path: Path
) -> None:
    process, uri = start_database(tmp_path / "data")
    user = User(email="ana@example.com", full_name="Ana Lima", password_hash="x")
    mail = OutgoingMail(kind="ACCOUNT_EXISTS", to=user.email, created_at=now(), due_at=now())
    server.at["DATA"] = [lambda: stop(process)]
    with connect(uri) as database:
        database["accounts"]["users"].insert_one(user.to_mongo())
        database["accounts"]["outbox"].insert_one(mail.to_mongo())
        workers = Workers(uri, server, tmp_path)
        worker = workers.start(DATABASE_TIMEOUT_MS="3000")
        try:
            wait_until(lambda: workers.outcomes() == ["sent"])
            process = restart_database(tmp_path / "data", uri)
            wait_until(lambda: database["accounts"]["outbox"].count_documents({}) == 0)
        finally:
            stop(worker)
            stop(process)
    assert server.message_ids() == [f"<{mail.id}@example.com>"]


def test_a_server_without_smtp_url_warns_that_mail_waits(database_uri: str) -> None:
    environment = {**ENVIRONMENT, "FLASK_ENV": "production", "MONGODB_URI": database_uri}
    with subprocess.Popen(
        [sys.executable, "-m", "app.web.server.serve"],
        cwd=ROOT,
        env={**os.environ, **environment, "PORT": str(free_port()), "HOST": "127.0.0.1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as serving_:
        said = serving_.stderr.readline()
        serving_.terminate()
        serving_.communicate(timeout=HANG)
    assert said == "SMTP_URL is not set: mail waits in the outbox until a worker has one.\n"


def test_production_needs_a_mail_server_a_sender_and_a_front_end() -> None:
    environment = {**os.environ, **ENVIRONMENT, **PRODUCTION}
    refused = subprocess.run(
        [sys.executable, "-m", "app.worker"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr == (
        "SMTP_URL: Production's worker needs one.\n"
        "MAIL_FROM: Production's worker needs one.\n"
        "FRONTEND_URL: Production's worker needs one.\n"
    )


def test_an_expired_lease_passes_to_the_next_worker(api: Client) -> None:
    enqueue_mail(MailKind.ACCOUNT_EXISTS, to="ana@example.com")
    first = outbox.lease_next(0)
    second = outbox.lease_next(60)
    assert first.id == second.id
    assert (first.attempts, second.attempts) == (1, 2)
    assert outbox.lease_next(60) is None
    assert outbox.extend_lease(first, 60) is False
    assert outbox.finish(first) is False
    assert outbox.postpone(first, 0) is False
    assert outbox.give_up(first) is False
    assert outbox.extend_lease(second, 60) is True
    assert outbox.finish(second) is True
    assert OutgoingMail.objects.count() == 0


def test_mail_is_claimed_in_the_order_it_is_due(api: Client) -> None:
    ids = [enqueue_mail(MailKind.ACCOUNT_EXISTS, to=f"{n}@example.com") for n in range(3)]
    first = outbox.lease_next(60)
    assert first.id == ids[0]
    assert outbox.postpone(first, 0) is True
    assert [outbox.lease_next(60).id for _ in range(3)] == [ids[1], ids[2], ids[0]]


def test_waiting_mail_is_counted_and_dated(api: Client) -> None:
    assert outbox.waiting() == (0, None)
    oldest = enqueue_mail(MailKind.ACCOUNT_EXISTS, to="a@example.com")
    enqueue_mail(MailKind.ACCOUNT_EXISTS, to="b@example.com")
    assert outbox.waiting() == (2, OutgoingMail.objects.get(id=oldest).created_at)


def test_deleting_an_account_deletes_its_mail(api: Client) -> None:
    user_id = ObjectId()
    theirs = enqueue_mail(MailKind.PASSWORD_CHANGED, to="old@example.com", user_id=user_id)
    alike = enqueue_mail(MailKind.RESET_PASSWORD, to="ana@example.com")
    kept = enqueue_mail(MailKind.RESET_PASSWORD, to="outra@example.com")
    assert [mail["_id"] for mail in outbox.find_unsent_mail(user_id, "ana@example.com", 10)] == [
        alike,
        theirs,
    ]
    outbox.remove_mail(user_id, ["ana@example.com"])
    assert [mail.id for mail in OutgoingMail.objects] == [kept]
