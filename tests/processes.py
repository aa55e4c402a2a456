"""Processes that tests start, and end with the same process objects."""

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
    """Start the development database on a free port; return its process and URI once it serves.

    The URI has a longer server selection timeout than the published one.
    Raises RuntimeError when the database refuses to start; the reason is on stderr.
    """
    folder = Path(folder).resolve()
    process = subprocess.Popen(
        [*EMBEDDED_DATABASE, "--folder", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    # The one line that it prints when it is ready, or the end of its output when it refuses.
    if not process.stdout.readline():
        stop(process)
        raise RuntimeError(f"the database in {folder} ended with status {process.returncode}")
    published = (folder / "embedded.uri").read_text().strip()
    patient = f"serverSelectionTimeoutMS={HANG * 1000:.0f}"
    return process, re.sub(r"serverSelectionTimeoutMS=\d+", patient, published)


@contextmanager
def connect(uri: str, **options: object) -> Iterator[MongoClient]:
    """Yield a client of a database that may end before the client is closed."""
    client = MongoClient(uri, **options)
    try:
        yield client
    finally:
        with pymongo.timeout(0.1):  # else it would search for the server to end its sessions
            client.close()


def stop(process: subprocess.Popen, seconds: float = HANG) -> None:
    """Terminate a process and wait for its end.

    Kills it and raises TimeoutExpired when that takes longer than `seconds`.
    """
    with process:  # always closes the pipes and reaps the process
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
