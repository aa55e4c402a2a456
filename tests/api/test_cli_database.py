"""flask db: build, show and check indexes; remove expired data."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskCliRunner

from app.clock import now
from app.models.attempt import Attempts
from app.models.indexes import build_indexes
from app.models.outgoing_mail import OutgoingMail
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.terminal import Terminal

PRUNED = (
    *("sessions", "security_events", "persisted_operations", "outbox", "attempts"),
    "signing_keys",
)


@pytest.fixture
def terminal(api: Client, database_uri: str) -> Iterator[Terminal]:
    """Yield a terminal and restore the indexes afterwards."""
    yield Terminal(database_uri)
    User._get_collection().delete_many({})
    build_indexes()


@pytest.fixture
def runner(terminal: Terminal, app: Flask) -> FlaskCliRunner:
    """Run the same commands in this process."""
    return app.test_cli_runner()


def describe_pruned(*, unlisted: int = 0, listed: int = 0, **expired: int) -> list[str]:
    """Return the lines that prune prints for these counts."""
    return [
        *(f"{name} past their time: {expired.get(name, 0)}" for name in PRUNED),
        f"sessions that no account lists: {unlisted}",
        f"expired sessions that accounts list: {listed}",
    ]


def test_names_missing_indexes_and_then_builds_them(terminal: Terminal) -> None:
    users = User._get_collection()
    users.drop_index("cpf_cnpj_1")
    users.drop_index("roles_1")
    done = terminal.run("db", "indexes", "--check")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines() == [
        "missing in users: roles, partialFilterExpression {'roles': 'ADMIN'}",
        "missing in users: cpf_cnpj, unique, sparse",
        "Error: Build them: `flask db indexes`.",
    ]
    assert "cpf_cnpj_1" not in users.index_information()
    done = terminal.run("db", "indexes")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[2] == (
        "security_events: _id_, expires_at_1, user_id_1_at_1__id_1"
    )
    assert users.index_information()["cpf_cnpj_1"]["unique"] is True
    done = terminal.run("db", "indexes", "--check")
    assert (done.returncode, done.stdout) == (0, b"all indexes are there\n")


def test_shows_existing_indexes_and_builds_nothing(runner: FlaskCliRunner) -> None:
    Session._get_collection().drop_index("user_id_1")
    done = runner.invoke(args=["db", "indexes", "--show"])
    assert done.exit_code == 0
    shown = done.stdout.splitlines()
    at = shown.index("sessions")
    assert shown[at : at + 4] == [
        "sessions",
        "  _id_: _id",
        "  expires_at_1: expires_at, expireAfterSeconds 0",
        "security_events",
    ]
    assert "  email_1: email, unique" in shown
    assert "user_id_1" not in Session._get_collection().index_information()


def test_an_index_with_other_options_counts_as_missing(runner: FlaskCliRunner) -> None:
    users = User._get_collection()
    users.drop_index("email_1")
    users.create_index("email")
    done = runner.invoke(args=["db", "indexes", "--check"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0] == "missing in users: email, unique"
    done = runner.invoke(args=["db", "indexes"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: users: Index")
    assert done.stderr.endswith("; `--check` names it.\n")
    users.drop_index("email_1")


def test_values_that_prevent_an_index_are_reported_without_personal_data(
    runner: FlaskCliRunner,
) -> None:
    users = User._get_collection()
    users.drop_index("email_1")
    users.insert_many([{"email": "ana@example.com"}, {"email": "ana@example.com"}])
    done = runner.invoke(args=["db", "indexes"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: users: the same email occurs twice.\n"


def test_refuses_show_together_with_check(runner: FlaskCliRunner) -> None:
    done = runner.invoke(args=["db", "indexes", "--show", "--check"])
    assert done.exit_code == 2
    assert "--show and --check: one of them." in done.stderr


def test_prune_removes_expired_data_and_ends_no_session(
    terminal: Terminal, runner: FlaskCliRunner, api: Client
) -> None:
    tokens = api.register(person(email="ana@example.com")).data["register"]["tokens"]
    account, (live,) = User.objects.get(), User.objects.get().session_ids
    other = api.login("ana@example.com", PASSWORD)
    assert other.errors == []
    (old,) = [one for one in User.objects.get().session_ids if one != live]
    past, later = now() - timedelta(minutes=1), now() + timedelta(days=1)
    # the database removes expired rows by itself, every few seconds
    for document in (Session, SecurityEvent, OutgoingMail):
        document._get_collection().drop_index("expires_at_1")
    Attempts.objects.delete()  # of the login: removed at once
    Session.objects(id=old).update(set__expires_at=past)
    ended, gone = ObjectId(), ObjectId()
    Session(id=ended, user_id=account.id, refresh_id="r", expires_at=later).add()
    Session(user_id=ObjectId(), refresh_id="r", expires_at=later).add()
    User.objects.update(push__session_ids=gone)
    SecurityEvent(type="LOGGED_IN", at=past, expires_at=past).save(force_insert=True)
    OutgoingMail.objects.update(set__gave_up_at=past, set__expires_at=past)
    found = describe_pruned(sessions=1, security_events=1, outbox=1, unlisted=2, listed=2)
    dry = runner.invoke(args=["db", "prune", "--dry-run"])
    assert (dry.exit_code, dry.stdout.splitlines()) == (0, found)
    assert (Session.objects.count(), OutgoingMail.objects.count()) == (4, 1)
    assert User.objects.get().session_ids == [live, old, gone]
    done = terminal.run("db", "prune")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == found
    assert [session.id for session in Session.objects] == [live]
    assert (User.objects.get().session_ids, OutgoingMail.objects.count()) == ([live], 0)
    assert [event.type.name for event in SecurityEvent.objects] == ["REGISTERED", "LOGGED_IN"]
    assert api.me(tokens["accessToken"]).data["me"]["email"] == "ana@example.com"
    assert api.refresh(tokens["refreshToken"]).errors == []
    assert runner.invoke(args=["db", "prune"]).stdout.splitlines() == describe_pruned()


def test_prune_removes_more_than_one_batch(runner: FlaskCliRunner) -> None:
    SecurityEvent._get_collection().drop_index("expires_at_1")
    past = now() - timedelta(minutes=1)
    kept = {"type": "LOGGED_IN", "at": past}
    events = [{**kept, "expires_at": past} for _ in range(230)]
    SecurityEvent._get_collection().insert_many(
        [*events, {**kept, "expires_at": now() + timedelta(days=1)}]
    )
    later = now() + timedelta(days=1)
    Session._get_collection().insert_many(
        [{"user_id": ObjectId(), "refresh_id": "r", "expires_at": later} for _ in range(130)]
    )
    done = runner.invoke(args=["db", "prune"])
    assert done.stdout.splitlines() == describe_pruned(security_events=230, unlisted=130)
    assert (SecurityEvent.objects.count(), Session.objects.count()) == (1, 0)
