"""Real servers for tests: started as in production on a free port, ended by their own pid."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.waiting import HANG, wait_until

ROOT = Path(__file__).parent.parent
SERVE = ("-m", "app.web.server.serve")


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen
    url: str


def free_port() -> int:
    """Return a port on which no program listens now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def start_server(
    environment: Mapping[str, str], folder: Path, program: Sequence[str] = SERVE
) -> Server:
    """Build indexes, start the server as ./boot.sh serve does, and wait until it answers.

    Its output goes to `folder`/server.log.
    """
    port = free_port()
    environment = {**os.environ, **environment, "PORT": str(port), "HOST": "127.0.0.1"}
    with (folder / "server.log").open("ab") as log:
        run = {"cwd": ROOT, "env": environment, "stdout": log, "stderr": log}
        flask = [sys.executable, "-m", "flask", "--app", "application"]
        indexes = subprocess.run([*flask, "db", "indexes"], **run, check=False)
        process = subprocess.Popen([sys.executable, *program], **run)
    server = Server(process, f"http://127.0.0.1:{port}")
    wait_until_it_answers(server, folder / "server.log")
    assert indexes.returncode == 0
    return server


def wait_until_it_answers(server: Server, log: Path) -> None:
    """Return at the first answer; fail with the log when the process ends or hangs."""

    def answers_or_has_ended() -> bool:
        if server.process.poll() is not None:
            raise AssertionError("it has ended")
        try:
            requests.get(f"{server.url}/health/live", timeout=HANG)
        except requests.ConnectionError:
            return False
        return True

    try:
        wait_until(answers_or_has_ended)
    except (AssertionError, requests.Timeout) as error:
        server.process.kill()
        server.process.wait()
        raise AssertionError(f"the server did not start ({error}):\n{log.read_text()}") from None
