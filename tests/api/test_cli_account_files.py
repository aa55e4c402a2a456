"""flask accounts import and export: what goes in, what is refused, and what a crash leaves."""

import json
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskCliRunner
from pymongo import MongoClient

from app.models.user import User
from tests.client import Client
from tests.factories import PASSWORD, person
from tests.processes import start_database, stop
from tests.terminal import Terminal

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
OTHER_HASH = bcrypt.hashpw(b"uma outra frase longa", bcrypt.gensalt(4)).decode()
ID = "5d3a1f0c9e1b2a0001000001"
MANY = 10_000


@pytest.fixture
def terminal(api: Client, database_uri: str) -> Terminal:
    return Terminal(database_uri)


@pytest.fixture
def own_terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Commands on a database of its own: to empty one of ten thousand accounts takes as long."""
    process, uri = start_database(tmp_path)
    yield Terminal(uri)
    stop(process)


@pytest.fixture
def runner(api: Client, app: Flask) -> FlaskCliRunner:
    """The same commands in this process."""
    return app.test_cli_runner()


def ancestor(**changes: Any) -> dict[str, Any]:
    """A user of flask-api-users, as mongoexport writes it."""
    return {
        "_id": {"$oid": ID},
        "_cls": "User",
        "full_name": " Ana  Souza ",
        "email": "Ana@Example.com",
        "password": HASH,
        "cpf_cnpj": "529.982.247-25",
        "date_of_birth": {"$date": {"$numberLong": "-86400000"}},
        "active": True,
        "address": {
            "zip_code": "01001-000",
            "address": "Praça da Sé",
            "number": "1",
            "complement": "",
            "neighborhood": "",
            "city": "São Paulo",
            "city_id": "",
            "state": "sp",
            "country": "BRA",
        },
        "created": {"$date": "2019-07-23T12:00:00.123Z"},
        **changes,
    }


def lines(*documents: object) -> bytes:
    return b"".join(
        document if isinstance(document, bytes) else json.dumps(document).encode() + b"\n"
        for document in documents
    )


def stored() -> list[dict[str, Any]]:
    return list(User._get_collection().find().sort("_id", 1))


def test_an_account_of_the_ancestor_comes_whole_and_logs_in(
    terminal: Terminal, api: Client
) -> None:
    done = terminal.run("accounts", "import", "-", given=lines(ancestor()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"imported 1, imported before 0, errors 0, in ")
    assert done.stderr == b"unknown fields, left out: '_cls', 'address.city_id'\n"
    (account,) = stored()
    made = datetime(2019, 7, 23, 12, 0, 0, 123_000, UTC)
    assert account == {
        "_id": ObjectId(ID),
        "email": "ana@example.com",
        "email_verified": False,
        "full_name": "Ana Souza",
        "password_hash": HASH,
        "cpf_cnpj": "52998224725",
        "date_of_birth": datetime(1969, 12, 31, tzinfo=UTC),
        "address": {
            "zip_code": "01001000",
            "street": "Praça da Sé",
            "number": "1",
            "city": "São Paulo",
            "state": "SP",
            "country": "BRA",
        },
        "locale": "pt-BR",
        "active": True,
        "roles": ["USER"],
        "credential_version": account["credential_version"],
        "session_ids": [],
        "created_at": made,
        "updated_at": made,
        "name_key": "ana souza",
        "search": account["search"],
    }
    token = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]["accessToken"]
    assert api.me(token).data["me"]["fullName"] == "Ana Souza"
    assert User.objects.get().password_hash.startswith("hmac-sha256$$2b$04$")
    assert api.login("ana@example.com", "outra senha qualquer").reason == "INVALID_CREDENTIALS"
    again = terminal.run("accounts", "import", "-", given=lines(ancestor()))
    assert again.returncode == 0
    assert again.stdout.startswith(b"imported 0, imported before 1, errors 0, in ")


def test_it_is_stored_as_whoever_registers_is(runner: FlaskCliRunner) -> None:
    line = {"fullName": "João da Silva-Sá", "email": "a@example.com", "password": HASH}
    assert runner.invoke(args=["accounts", "import", "-"], input=lines(line)).exit_code == 0
    User(full_name="João da Silva-Sá", email="b@example.com", password_hash=HASH).add()
    imported, added = sorted(stored(), key=lambda account: account["email"])
    assert imported.keys() == added.keys()
    own = ("_id", "email", "credential_version", "created_at", "updated_at", "search")
    for name in imported.keys() - set(own):
        assert imported[name] == added[name], name
    words = [[w for w in one["search"]["words"] if "@" not in w] for one in (imported, added)]
    assert words[0] == words[1] == ["joao", "da", "silva-sa", "silva", "sa"]
    keys = [
        {key for key in one["search"]["keys"] if key[0] not in "ab"} for one in (imported, added)
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({"admin": True}, ["USER", "ADMIN"]),
        ({"admin": False, "roles": ["ADMIN"]}, ["USER", "ADMIN"]),
        ({"roles": {"superuser": True, "vendors": False}}, ["USER", "ADMIN"]),
        ({"roles": {"superuser": False, "manager": True}}, ["USER"]),
    ],
)
def test_who_administered_does_so_here(
    runner: FlaskCliRunner, changes: dict, roles: list[str]
) -> None:
    done = runner.invoke(args=["accounts", "import", "-"], input=lines(ancestor(**changes)))
    assert stored()[0]["roles"] == roles
    told = "administrators among those imported: 1" in done.stderr
    assert told is ("ADMIN" in roles)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{\n", ": Not JSON."),
        (b"[" * 60_000 + b"\n", ": Not JSON."),
        (b"[{}]\n", ": Not a JSON object."),
        (b'{"email": "\xe9@example.com"}\n', ": Not UTF-8."),
        (b'{"email": "' + b"x" * 200_000 + b'"}\n', ": Longer than 65536 bytes."),
        ({"email": "x\x1b[2J"}, "line 2: email: This value does not fit."),
        (ancestor(cpf_cnpj="529.982.247-26"), "cpf_cnpj: Invalid CPF or CNPJ. [INVALID_CPF_CNPJ]"),
        (ancestor(email={"$ne": None}), "email: This value does not fit. [INVALID_DATA]"),
        (ancestor(password="123456"), "password: Not a bcrypt hash of a cost from 4 to 16."),
        (ancestor(password=HASH.replace("$04$", "$17$")), "password: Not a bcrypt hash"),
        (ancestor(password=HASH[:28] + "A" + HASH[29:]), "password: Not a bcrypt hash"),
        (ancestor(password=None), "password: Required field [REQUIRED]"),
        (ancestor(address={"state": "XX"}), "address.state: Invalid state."),
        (ancestor(address="Praça da Sé"), "address: This value does not fit."),
        (ancestor(_id="1"), "id: This value does not fit."),
        (ancestor(created={"$date": "yesterday"}), "created_at: Invalid date. [INVALID_DATE]"),
        (ancestor(date_of_birth="2999-01-01"), "date_of_birth: Invalid date. [INVALID_DATE]"),
        (ancestor(active="yes"), "active: This value does not fit."),
        (ancestor(roles=["KING"]), "roles: This value does not fit."),
    ],
)
def test_a_line_at_fault_is_told_by_number_and_the_rest_imported(
    runner: FlaskCliRunner, line: object, words: str
) -> None:
    good = ancestor(_id={"$oid": "5d3a1f0c9e1b2a0001000002"}, email="b@example.com", cpf_cnpj="")
    given = b"\xef\xbb\xbf\r\n" + lines(line, good)
    done = runner.invoke(args=["accounts", "import", "-"], input=given)
    assert (done.exit_code, [one["email"] for one in stored()]) == (1, ["b@example.com"])
    assert done.stdout.startswith("imported 1, imported before 0, errors 1, in ")
    told = done.stderr.splitlines()[0]
    assert told.startswith("line 2")
    assert words in told
    assert HASH[7:] not in done.output
    assert "\x1b" not in done.output


def test_of_two_that_want_one_value_the_first_has_it(runner: FlaskCliRunner) -> None:
    given = lines(
        ancestor(),
        ancestor(_id=None, cpf_cnpj="", password=OTHER_HASH),
        ancestor(_id=None, email="b@example.com"),
        ancestor(email="c@example.com", cpf_cnpj="", created={"$date": 0}),
        ancestor(_id=None),
    )
    for imported, known in ((1, 1), (0, 2)):
        done = runner.invoke(args=["accounts", "import", "-"], input=given)
        assert done.exit_code == 1
        assert done.stderr.splitlines()[:3] == [
            f"line {number} ({email}): {field}: A user with this data already exists."
            " [ALREADY_EXISTS]"
            for number, email, field in (
                (2, "ana@example.com", "email"),
                (3, "b@example.com", "cpf_cnpj"),
                (4, "c@example.com", "id"),
            )
        ]
        assert done.stdout.startswith(f"imported {imported}, imported before {known}, errors 3, in")
    assert [account["password_hash"] for account in stored()] == [HASH]


def test_what_is_exported_comes_back_as_it_was(
    terminal: Terminal, runner: FlaskCliRunner, api: Client, tmp_path: Path
) -> None:
    api.register(person(fullName="João", email="joao@example.com", dateOfBirth="1990-02-28"))
    runner.invoke(args=["accounts", "import", "-", "--verified"], input=lines(ancestor(admin=True)))
    users, file = User._get_collection(), tmp_path / "all.jsonl"
    users.update_one({"email": "joao@example.com"}, {"$set": {"session_ids": []}})
    users.update_one({"email": "joao@example.com"}, {"$set": {"active": False, "locale": "en"}})
    before = stored()
    done = terminal.run("accounts", "export", str(file), "--with-password-hashes")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines() == [
        "Passwords can be guessed from these hashes: keep the file secret.",
        "exported 2",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    users.delete_many({})
    done = runner.invoke(args=["accounts", "import", str(file)])
    assert (done.exit_code, done.stderr) == (0, "administrators among those imported: 1\n")
    after = stored()
    versions = [account.pop("credential_version") for account in (*before, *after)]
    assert len(set(versions)) == 4  # it is never exported: an import makes another
    assert after == before


def test_an_export_holds_no_hash_unless_asked_and_replaces_no_file(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    runner.invoke(args=["accounts", "import", "-"], input=lines(ancestor()))
    done = runner.invoke(args=["accounts", "export"])
    assert (done.exit_code, done.stderr) == (0, "exported 1\n")
    assert json.loads(done.stdout) == {
        "_id": {"$oid": ID},
        "email": "ana@example.com",
        "email_verified": False,
        "full_name": "Ana Souza",
        "cpf_cnpj": "52998224725",
        "date_of_birth": "1969-12-31",
        "address": stored()[0]["address"],
        "locale": "pt-BR",
        "active": True,
        "roles": ["USER"],
        "created_at": {"$date": "2019-07-23T12:00:00.123Z"},
        "updated_at": {"$date": "2019-07-23T12:00:00.123Z"},
    }
    file = tmp_path / "there.jsonl"
    file.write_text("mine")
    done = runner.invoke(args=["accounts", "export", str(file)])
    assert (done.exit_code, done.stderr) == (1, f"Error: {file}: File exists.\n")
    assert file.read_text() == "mine"


def test_ten_thousand_come_in_though_killed_in_the_middle(
    own_terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "users.jsonl"
    made = {"password": HASH, "full_name": "P", "created": {"$date": "2020-01-01T00:00:00Z"}}
    with file.open("wb") as out:
        out.writelines(lines({"email": f"{number}@e.co", **made}) for number in range(MANY))
    assert own_terminal.run("db", "indexes").returncode == 0
    with MongoClient(own_terminal.database_uri) as client:
        users = client.get_default_database()["users"]
        with own_terminal.start("accounts", "import", str(file)) as first:
            while users.count_documents({}) < MANY // 10:
                assert first.poll() is None
                time.sleep(0.05)
            first.kill()
        before = users.count_documents({})
        assert MANY // 10 <= before < MANY
        code, out, shown = own_terminal.watch("accounts", "import", str(file))
        after, addresses = users.count_documents({}), len(users.distinct("email"))
    assert code == 0, shown
    imported, known = (int(part.split()[-1]) for part in out.split(", ")[:2])
    assert (imported + known, known >= before) == (MANY, True)
    assert "errors 0" in out
    assert "Importing" in shown
    assert "100%" in shown
    assert (after, addresses) == (MANY, MANY)
