"""Servers that the tests start as processes of their own, and end by those same processes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo
from pymongo import MongoClient

from tests.waiting import HANG

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_DATABASE = (sys.executable, "-m", "development.embedded_database")


def start_database(folder: Path) -> tuple[subprocess.Popen, str]:
    """Start the development database on a free port; return it, once it serves, with its URI.

    Clients of the URI wait longer for a server than the published address says.
    Raises RuntimeError when it refuses to start; why, it has said on stderr.
    """
    folder = Path(folder).resolve()
    process = subprocess.Popen(
        [*EMBEDDED_DATABASE, "--folder", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    # The one line it prints, when it is ready; or the end of its output, when it has refused.
    if not process.stdout.readline():
        stop(process)
        raise RuntimeError(f"the database in {folder} ended with status {process.returncode}")
    published = (folder / "embedded.uri").read_text().strip()
    patient = f"serverSelectionTimeoutMS={HANG * 1000:.0f}"
    return process, re.sub(r"serverSelectionTimeoutMS=\d+", patient, published)


@contextmanager
def connect(uri: str, **options: object) -> Iterator[MongoClient]:
    """A client of a database that may end before the client is closed."""
    client = MongoClient(uri, **options)
    try:
        yield client
    finally:
        with pymongo.timeout(0.1):  # else it looks for the server, to say goodbye
            client.close()


def stop(process: subprocess.Popen, seconds: float = HANG) -> None:
    """Terminate a process and wait for its end.

    Kills it and raises TimeoutExpired when that takes longer than `seconds`.
    """
    with process:  # closes the pipes and reaps it, whatever happens
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
