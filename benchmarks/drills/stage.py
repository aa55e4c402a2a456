"""What every drill stands on: a database, a server as production runs it, clients, a verdict.

Everything listens on 127.0.0.1, is started here and ended by its own process id, however it ends.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.processes import (
    ROOT,
    first_line,
    free_port,
    running,
    stop,
    tree,
    wait_for_port,
)

PASSWORD = "uma frase longa e boa"
ME = "{ me { id email } }"
REGISTER = """
mutation Register($input: RegisterInput!) {
  register(input: $input) { user { id } tokens { accessToken refreshToken } }
}
"""
LOGIN = """
mutation Login($input: LoginInput!) { login(input: $input) { tokens { accessToken } } }
"""
MOST_SECONDS = 180
AWAY = "DATABASE_UNAVAILABLE"


class Drill:
    """Collects what was seen; `verdict` prints it and says whether the drill passed."""

    def __init__(self, title: str) -> None:
        self.title, self.began = title, time.monotonic()
        self.broken: list[str] = []
        self.say(title)

    def say(self, text: str) -> None:
        """Print a line with the seconds since the drill began."""
        print(f"{time.monotonic() - self.began:6.1f}s  {text}", flush=True)

    def expect(self, claim: str, holds: bool) -> None:
        """Print whether a claim holds, and remember when it does not."""
        self.say(f"{'ok    ' if holds else 'BROKEN'}  {claim}")
        if not holds:
            self.broken.append(claim)

    def verdict(self) -> int:
        """The exit code: 0 when every claim held, else 1."""
        self.say(f"VERDICT: {'passed' if not self.broken else 'BROKEN: ' + '; '.join(self.broken)}")
        return 1 if self.broken else 0


def main(drill: Callable[[Path], int]) -> None:
    """Run a drill in a folder of its own and exit with its verdict; told to end, it cleans up."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit(143))
    signal.alarm(MOST_SECONDS)
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        code = drill(Path(folder))
    sys.exit(code)


class Database:
    """The embedded database, which can be killed and started again on the same port and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "data", free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/accounts"
        self._log = folder / "database.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        module = [
            sys.executable,
            "-m",
            "development.embedded_database",
            "--folder",
            str(self.folder),
        ]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*module, "--port", str(self.port)], cwd=ROOT, stdout=log, stderr=log
            )
        first_line(self.process, self._log, "mongodb://")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Database":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            stop(self.process)


class Server:
    """The server as ./boot.sh serve runs it."""

    def __init__(self, process: subprocess.Popen, port: int) -> None:
        self.process, self.port = process, port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [pid for pid in tree(self.process.pid) if pid != self.process.pid]


def environment(uri: str, port: int, **changes: str) -> dict[str, str]:
    """Production's settings, with cheap hashes: a drill is not about bcrypt unless it says so."""
    return os.environ | {
        "FLASK_ENV": "production",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "only-for-drills-" + "0123456789" * 4,
        "MONGODB_URI": uri,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "2",
        "BCRYPT_ROUNDS": "4",
        "THROTTLE_ADDRESS_FAILURES": "1000",
        "DRAIN_SECONDS": "2",
        **changes,
    }


@contextmanager
def server(uri: str, folder: Path, name: str = "server", **changes: str) -> Iterator[Server]:
    """A server that answers, its indexes built."""
    port = free_port()
    settings = environment(uri, port, **changes)
    command = [str(ROOT / "boot.sh"), "serve"]
    with running(name, command, folder, settings) as process:
        wait_for_port(process, port, folder / f"{name}.log")
        started = Server(process, port)
        until = time.monotonic() + 20
        while time.monotonic() < until and len(started.workers) < int(settings["WORKERS"]):
            time.sleep(0.1)
        yield started


class Answer:
    """What came back: `outcome` is OK, the reason of the first error, or why nothing came."""

    def __init__(self, outcome: str, seconds: float, data: dict | None, status: int) -> None:
        self.outcome, self.seconds, self.data, self.status = outcome, seconds, data, status


class Client:
    """One client with kept connections. Safe to share among threads only one request at a time."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, query: str, variables: dict | None = None, timeout: float = 30) -> Answer:
        """One operation."""
        began = time.monotonic()
        body = {"query": query, "variables": variables}
        try:
            answer = self._session.post(f"{self.url}/graphql", json=body, timeout=timeout)
            content = answer.json()
        except (requests.RequestException, json.JSONDecodeError) as error:
            return Answer(type(error).__name__, time.monotonic() - began, None, 0)
        errors = content.get("errors")
        outcome = errors[0]["extensions"]["reason"] if errors else "OK"
        took = time.monotonic() - began
        return Answer(outcome, took, content.get("data"), answer.status_code)

    def register(self, email: str) -> Answer:
        """Make an account."""
        given = {"fullName": "Ana Lima", "email": email, "password": PASSWORD}
        return self.send(REGISTER, {"input": given})

    def login(self, email: str) -> Answer:
        """Log in."""
        return self.send(LOGIN, {"input": {"email": email, "password": PASSWORD}})

    def status(self, path: str) -> int:
        """The status of a page; 0 when none came."""
        try:
            return requests.get(self.url + path, timeout=10).status_code
        except requests.RequestException:
            return 0


def signed_in(url: str, email: str = "ana@example.com") -> Client:
    """A client with an account of its own."""
    made = Client(url).register(email)
    return Client(url, made.data["register"]["tokens"]["accessToken"])


class Load:
    """Clients that ask without pause while the block runs; every answer is kept with its time."""

    def __init__(self, asks: list[Callable[[], Answer]]) -> None:
        self.answers: list[tuple[float, Answer]] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(ask,)) for ask in asks]

    def _ask(self, ask: Callable[[], Answer]) -> None:
        while not self._over.is_set():
            answer = ask()
            self.answers.append((time.monotonic(), answer))
            if answer.outcome != "OK":
                time.sleep(0.02)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def between(self, start: float, end: float) -> list[Answer]:
        """The answers that came between two moments of time.monotonic()."""
        return [answer for at, answer in list(self.answers) if start <= at < end]


def counted(answers: list[Answer]) -> str:
    """How many of each outcome, and the slowest."""
    slowest = max((answer.seconds for answer in answers), default=0)
    return f"{dict(Counter(answer.outcome for answer in answers))}, slowest {slowest:.2f} s"
