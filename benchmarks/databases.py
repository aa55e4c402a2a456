"""The databases: the stub, or the embedded one with the same accounts in it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo

from benchmarks.accounts import Accounts, settings
from benchmarks.processes import ROOT, first_line, running


@contextmanager
def stub(accounts: Accounts, folder: Path) -> Iterator[str]:
    """The address of a fresh stub, while the block runs."""
    module = "benchmarks.mongo_stub"
    command = [sys.executable, "-m", module, "--rounds", str(accounts.rounds)]
    with running("stub", command, folder) as process:
        yield first_line(process, folder / "stub.log", "mongodb://")


@contextmanager
def embedded(accounts: Accounts, folder: Path) -> Iterator[str]:
    """The address of a fresh embedded database that holds the accounts, while the block runs."""
    command = [
        sys.executable,
        "-m",
        "development.embedded_database",
        "--folder",
        str(folder / "data"),
    ]
    with running("embedded", command, folder) as process:
        line = first_line(process, folder / "embedded.log", "mongodb://")
        # without its options: the Node driver does not know them all
        uri = line[line.index("mongodb://") :].partition("?")[0]
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "application", "db", "indexes"],
            cwd=ROOT,
            env=settings(uri, 0, accounts.rounds) | {"PORT": "5000"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with pymongo.MongoClient(uri) as client:
            database = client.get_default_database()
            database.users.insert_many(accounts.users)
            database.sessions.insert_many(accounts.sessions)
            newest = [("created_at", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]
            database.users.create_index(newest)
        yield uri


DATABASES = {"stub": stub, "embedded": embedded}
