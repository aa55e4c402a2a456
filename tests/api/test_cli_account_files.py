"""flask accounts import and export: accepted lines, refused lines, and a crash during an import."""

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
def separate_terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Run commands on a separate database: emptying a shared one of 10,000 accounts takes long."""
    process, uri = start_database(tmp_path)
    yield Terminal(uri)
    stop(process)


@pytest.fixture
def runner(api: Client, app: Flask) -> FlaskCliRunner:
    """Run the same commands in this process."""
    return app.test_cli_runner()


def exported_user(**changes: Any) -> dict[str, Any]:
    """Return a user of flask-api-users in the format of mongoexport."""
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


def encode_lines(*documents: object) -> bytes:
    return b"".join(
        document if isinstance(document, bytes) else json.dumps(document).encode() + b"\n"
        for document in documents
    )


def load_accounts() -> list[dict[str, Any]]:
    return list(User._get_collection().find().sort("_id", 1))


def test_an_account_of_flask_api_users_is_imported_completely_and_logs_in(
    terminal: Terminal, api: Client
) -> None:
    done = terminal.run("accounts", "import", "-", given=encode_lines(exported_user()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"imported 1, imported before 0, errors 0, in ")
    assert done.stderr == b"unknown fields, left out: '_cls', 'address.city_id'\n"
    (account,) = load_accounts()
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
    again = terminal.run("accounts", "import", "-", given=encode_lines(exported_user()))
    assert again.returncode == 0
    assert again.stdout.startswith(b"imported 0, imported before 1, errors 0, in ")


def test_an_imported_account_is_stored_like_a_registered_one(runner: FlaskCliRunner) -> None:
    line = {"fullName": "João da Silva-Sá", "email": "a@example.com", "password": HASH}
    assert runner.invoke(args=["accounts", "import", "-"], input=encode_lines(line)).exit_code == 0
    User(full_name="João da Silva-Sá", email="b@example.com", password_hash=HASH).add()
    imported, added = sorted(load_accounts(), key=lambda account: account["email"])
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
def test_an_administrator_stays_an_administrator(
    runner: FlaskCliRunner, changes: dict, roles: list[str]
) -> None:
    done = runner.invoke(
        args=["accounts", "import", "-"], input=encode_lines(exported_user(**changes))
    )
    assert load_accounts()[0]["roles"] == roles
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
        (
            exported_user(cpf_cnpj="529.982.247-26"),
            "cpf_cnpj: Invalid CPF or CNPJ. [INVALID_CPF_CNPJ]",
        ),
        (exported_user(email={"$ne": None}), "email: This value does not fit. [INVALID_DATA]"),
        (exported_user(password="123456"), "password: Not a bcrypt hash of a cost from 4 to 16."),
        (exported_user(password=HASH.replace("$04$", "$17$")), "password: Not a bcrypt hash"),
        (exported_user(password=HASH[:28] + "A" + HASH[29:]), "password: Not a bcrypt hash"),
        (exported_user(password=None), "password: Required field [REQUIRED]"),
        (exported_user(address={"state": "XX"}), "address.state: Invalid state."),
        (exported_user(address="Praça da Sé"), "address: This value does not fit."),
        (exported_user(_id="1"), "id: This value does not fit."),
        (exported_user(created={"$date": "yesterday"}), "created_at: Invalid date. [INVALID_DATE]"),
        (exported_user(date_of_birth="2999-01-01"), "date_of_birth: Invalid date. [INVALID_DATE]"),
        (exported_user(active="yes"), "active: This value does not fit."),
        (exported_user(roles=["KING"]), "roles: This value does not fit."),
    ],
)
def test_an_invalid_line_is_reported_by_number_and_the_rest_imported(
    runner: FlaskCliRunner, line: object, words: str
) -> None:
    good = exported_user(
        _id={"$oid": "5d3a1f0c9e1b2a0001000002"}, email="b@example.com", cpf_cnpj=""
    )
    given = b"\xef\xbb\xbf\r\n" + encode_lines(line, good)
    done = runner.invoke(args=["accounts", "import", "-"], input=given)
    assert (done.exit_code, [one["email"] for one in load_accounts()]) == (1, ["b@example.com"])
    assert done.stdout.startswith("imported 1, imported before 0, errors 1, in ")
    told = done.stderr.splitlines()[0]
    assert told.startswith("line 2")
    assert words in told
    assert HASH[7:] not in done.output
    assert "\x1b" not in done.output


def test_the_first_of_two_lines_gets_a_unique_value(runner: FlaskCliRunner) -> None:
    given = encode_lines(
        exported_user(),
        exported_user(_id=None, cpf_cnpj="", password=OTHER_HASH),
        exported_user(_id=None, email="b@example.com"),
        exported_user(email="c@example.com", cpf_cnpj="", created={"$date": 0}),
        exported_user(_id=None),
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
    assert [account["password_hash"] for account in load_accounts()] == [HASH]


def test_an_import_of_an_export_restores_the_accounts(
    terminal: Terminal, runner: FlaskCliRunner, api: Client, tmp_path: Path
) -> None:
    api.register(person(fullName="João", email="joao@example.com", dateOfBirth="1990-02-28"))
    runner.invoke(
        args=["accounts", "import", "-", "--verified"],
        input=encode_lines(exported_user(admin=True)),
    )
    users, file = User._get_collection(), tmp_path / "all.jsonl"
    users.update_one({"email": "joao@example.com"}, {"$set": {"session_ids": []}})
    users.update_one({"email": "joao@example.com"}, {"$set": {"active": False, "locale": "en"}})
    before = load_accounts()
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
    after = load_accounts()
    versions = [account.pop("credential_version") for account in (*before, *after)]
    assert len(set(versions)) == 4  # it is never exported: an import creates another
    assert after == before


def test_an_export_has_no_hash_by_default_and_overwrites_no_file(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    runner.invoke(args=["accounts", "import", "-"], input=encode_lines(exported_user()))
    done = runner.invoke(args=["accounts", "export"])
    assert (done.exit_code, done.stderr) == (0, "exported 1\n")
    assert json.loads(done.stdout) == {
        "_id": {"$oid": ID},
        "email": "ana@example.com",
        "email_verified": False,
        "full_name": "Ana Souza",
        "cpf_cnpj": "52998224725",
        "date_of_birth": "1969-12-31",
        "address": load_accounts()[0]["address"],
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


def test_an_import_of_ten_thousand_continues_after_a_kill(
    separate_terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "users.jsonl"
    made = {"password": HASH, "full_name": "P", "created": {"$date": "2020-01-01T00:00:00Z"}}
    with file.open("wb") as out:
        out.writelines(encode_lines({"email": f"{number}@e.co", **made}) for number in range(MANY))
    assert separate_terminal.run("db", "indexes").returncode == 0
    with MongoClient(separate_terminal.database_uri) as client:
        users = client.get_default_database()["users"]
        with separate_terminal.start("accounts", "import", str(file)) as first:
            while users.count_documents({}) < MANY // 10:
                assert first.poll() is None
                time.sleep(0.05)
            first.kill()
        before = users.count_documents({})
        assert MANY // 10 <= before < MANY
        code, out, shown = separate_terminal.watch("accounts", "import", str(file))
        after, addresses = users.count_documents({}), len(users.distinct("email"))
    assert code == 0, shown
    imported, known = (int(part.split()[-1]) for part in out.split(", ")[:2])
    assert (imported + known, known >= before) == (MANY, True)
    assert "errors 0" in out
    assert "Importing" in shown
    assert "100%" in shown
    assert (after, addresses) == (MANY, MANY)
