"""flask accounts: administrators, roles, activation, the list, and exit codes of commands."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app.models.outgoing_mail import OutgoingMail
from app.models.security_event import SecurityEvent
from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.terminal import Terminal

NOBODY_LISTENS = "mongodb://127.0.0.1:1/accounts"
ADMIN = ["accounts", "create-admin", "--name", "Ana Souza", "--email", "Ana@Example.com"]
COMMANDS = [
    "accounts activate",
    "accounts create-admin",
    "accounts deactivate",
    "accounts export",
    "accounts import",
    "accounts list",
    "accounts set-role",
    "db indexes",
    "db prune",
]


@pytest.fixture
def terminal(api: Client, database_uri: str) -> Terminal:
    return Terminal(database_uri)


@pytest.fixture
def runner(api: Client, app: Flask) -> FlaskCliRunner:
    """Run the same commands in this process."""
    return app.test_cli_runner()


def list_events() -> list[tuple]:
    """Return the type, address and user agent of the stored events, in order."""
    kept = SecurityEvent.objects.order_by("at")
    return [(event.type.name, event.ip_address, event.user_agent) for event in kept]


def test_creates_an_administrator_who_can_log_in_and_administer(
    terminal: Terminal, api: Client
) -> None:
    done = terminal.run(*ADMIN, "--password-stdin", given=f"{PASSWORD}\n".encode())
    account = User.objects.get()
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"Made ana@example.com ({account.id}): USER, ADMIN\n"
    assert (account.email, account.full_name) == ("ana@example.com", "Ana Souza")
    assert (account.roles, account.session_ids) == (["USER", "ADMIN"], [])
    assert list_events() == [("REGISTERED", None, None)]
    (mail,) = OutgoingMail.objects
    assert (mail.kind, mail.to) == ("VERIFY_EMAIL", "ana@example.com")
    token = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]["accessToken"]
    page = api.send("{ users { edges { node { email } } } }", token=token)
    assert page.data["users"]["edges"] == [{"node": {"email": "ana@example.com"}}]


def test_prompts_for_missing_values_and_shows_no_password(terminal: Terminal, api: Client) -> None:
    code, shown = terminal.answer(
        *("accounts", "create-admin", "--verified"),
        answers=[
            ("Full name: ", "Ana"),
            ("E-mail: ", "ana@example.com"),
            ("Password: ", "uma frase e outra"),
            ("Repeat for confirmation: ", "um engano"),
            ("Password: ", PASSWORD),
            ("Repeat for confirmation: ", PASSWORD),
        ],
    )
    assert code == 0, shown
    assert "The two entered values do not match" in shown
    assert PASSWORD not in shown
    assert "uma frase e outra" not in shown
    assert User.objects.get().email_verified is True
    assert OutgoingMail.objects.count() == 0
    assert api.login("ana@example.com", PASSWORD).errors == []


def test_reports_each_broken_rule_and_creates_nothing(runner: FlaskCliRunner) -> None:
    given = ["accounts", "create-admin", "--name", " ", "--email", "ana", "--password-stdin"]
    done = runner.invoke(args=given, input="123456\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "Error: There is an error in the fields provided.",
        "  full_name: Required field [REQUIRED]",
        "  email: Invalid e-mail address. [INVALID_EMAIL]",
        "  password: Value too short. [TOO_SHORT]",
        "  password: This password is too common. Choose another. [PASSWORD_TOO_COMMON]",
    ]
    assert User.objects.count() == 0


def test_a_taken_address_is_refused_with_advice(runner: FlaskCliRunner, api: Client) -> None:
    api.register(person(email="ana@example.com"))
    done = runner.invoke(args=[*ADMIN, "--password-stdin"], input=PASSWORD)
    assert done.exit_code == 1
    assert done.stderr == (
        "Error: An account with this address exists. "
        "`flask accounts set-role EMAIL ADMIN` makes it an administrator.\n"
    )
    assert User.objects.get().roles == ["USER"]
    assert [event for event, *_ in list_events()] == ["REGISTERED"]


def test_changed_roles_apply_to_existing_tokens(terminal: Terminal, api: Client) -> None:
    tokens = api.register(person(email="ana@example.com")).data["register"]["tokens"]
    done = terminal.run("accounts", "set-role", "ANA@example.com", "ADMIN")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"ana@example.com: USER, ADMIN\n",
        b"",
    )
    assert api.me(tokens["accessToken"]).data["me"]["roles"] == ["USER", "ADMIN"]
    assert list_events()[1:] == [("ROLES_CHANGED", None, None)]


def test_the_last_administrator_cannot_lose_role_or_account(
    runner: FlaskCliRunner, api: Client
) -> None:
    api.register(person(email="ana@example.com"))
    assert runner.invoke(args=["accounts", "set-role", "ana@example.com", "ADMIN"]).exit_code == 0
    for refused in (["set-role", "ana@example.com", "USER"], ["deactivate", "ana@example.com"]):
        done = runner.invoke(args=["accounts", *refused])
        words = "Error: This is the last administrator. Make someone else one first.\n"
        assert (done.exit_code, done.stdout, done.stderr) == (1, "", words)
    account = User.objects.get()
    assert (account.active, account.roles) == (True, ["USER", "ADMIN"])


def test_deactivates_an_account_with_its_sessions_and_activates_it(
    terminal: Terminal, api: Client
) -> None:
    tokens = api.register(person(email="ana@example.com")).data["register"]["tokens"]
    done = terminal.run("accounts", "deactivate", "ana@example.com")
    assert (done.returncode, done.stdout) == (0, b"ana@example.com: closed\n")
    assert api.me(tokens["accessToken"]).reason == "ACCOUNT_INACTIVE"
    assert api.login("ana@example.com", PASSWORD).reason == "INVALID_CREDENTIALS"
    done = terminal.run("accounts", "activate", "ana@example.com")
    assert (done.returncode, done.stdout) == (0, b"ana@example.com: active\n")
    assert api.login("ana@example.com", PASSWORD).errors == []
    types = [event for event, *_ in list_events()]
    assert types == ["REGISTERED", "DEACTIVATED", "LOGIN_REFUSED", "ACTIVATED", "LOGGED_IN"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["set-role", "nobody@example.com", "USER"], 1, "Error: This user does not exist."),
        (["activate", "nobody@example.com"], 1, "Error: This user does not exist."),
        (["deactivate", "nobody"], 1, "email: Invalid e-mail address. [INVALID_EMAIL]"),
        (
            ["set-role", "nobody@example.com", "KING"],
            2,
            "'KING' is not one of 'USER', 'SUPPORT'",
        ),
        (["set-role", "nobody@example.com"], 2, "Missing argument"),
        (["list", "--limit", "0"], 2, "Invalid value for '--limit'"),
        (["list", "--search", "x" * 101], 1, "filter.search: Value too long. [TOO_LONG]"),
        (["import", "/nowhere/users.jsonl"], 2, "No such file"),
    ],
)
def test_a_wrong_use_has_a_message_and_an_exit_code(
    runner: FlaskCliRunner, args: list[str], code: int, words: str
) -> None:
    done = runner.invoke(args=["accounts", *args])
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr


def test_lists_all_accounts_newest_first_without_secrets(
    terminal: Terminal, runner: FlaskCliRunner
) -> None:
    for number in range(103):
        User(email=f"p{number}@example.com", full_name=f"P {number}", password_hash="x").add()
    done = terminal.run("accounts", "list", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    newest_first = User.objects.order_by("-created_at", "-id")
    assert [row["email"] for row in rows] == [user.email for user in newest_first]
    first = newest_first[0]
    assert rows[0] == {
        "id": str(first.id),
        "email": first.email,
        "full_name": first.full_name,
        "email_verified": False,
        "active": True,
        "roles": ["USER"],
        "created_at": f"{first.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "last_login_at": None,
    }
    found = runner.invoke(args=["accounts", "list", "--search", "p10", "--limit", "3"])
    header, *lines = found.stdout.splitlines()
    assert header.split() == ["ID", "CREATED", "STATE", "ROLES", "E-MAIL,", "NAME"]
    assert [line.split(None, 4)[4] for line in lines] == [
        f"p{number}@example.com, P {number}" for number in (102, 101, 100)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(runner: FlaskCliRunner, command: str) -> None:
    done = runner.invoke(args=[*command.split(), "--help"])
    usage, _, text, *_ = done.stdout.splitlines()
    assert done.exit_code == 0
    assert usage.startswith(f"Usage: app {command}")
    assert len(text.split()) > 4


def test_the_help_of_the_group_lists_the_exit_codes(terminal: Terminal) -> None:
    done = terminal.run("accounts", "--help")
    assert done.returncode == 0
    words = " ".join(done.stdout.decode().split())
    assert "0 done; 1 refused, wholly or in part; 2 invalid command, or the database" in words
    for command in COMMANDS:
        if command.startswith("accounts"):
            assert f" {command.removeprefix('accounts ')} " in words


@pytest.mark.parametrize(
    "command",
    [[*ADMIN, "--password-stdin"], ["accounts", "import", "-"], ["db", "indexes"], ["db", "prune"]],
)
def test_an_unreachable_database_is_reported_in_one_line(command: list[str]) -> None:
    given = b'{"email": "a@b.co", "full_name": "A", "password": "$2b$04$' + b"." * 53 + b'"}'
    given = given if "import" in command else PASSWORD.encode()
    away = {"DATABASE_TIMEOUT_MS": "200"}
    done = Terminal(NOBODY_LISTENS).run(*command, given=given, **away)
    assert done.returncode == 2
    assert done.stderr == b"Error: The database does not answer (DATABASE_UNAVAILABLE).\n"


def test_refused_database_credentials_are_reported_without_repeating_them(
    database_uri: str,
) -> None:
    uri = database_uri.replace("mongodb://", "mongodb://ana:a-wrong-one@")
    done = Terminal(uri).run("accounts", "list")
    assert (done.returncode, done.stdout) == (2, b"")
    log, line = done.stderr.decode().splitlines()
    assert json.loads(log)["event"] == "MONGODB_URI: the database refuses its user or password"
    assert line == "Error: The database does not answer (DATABASE_UNAVAILABLE)."
    assert "a-wrong-one" not in log
