"""Real servers for tests: as production runs it, on a free port, ended by its own pid."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen
    url: str


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def start_server(environment: Mapping[str, str], folder: Path) -> Server:
    """Build indexes, start the server and wait until it answers, as ./boot.sh serve does.

    What it writes goes to `folder`/server.log.
    """
    port = free_port()
    environment = {**os.environ, **environment, "PORT": str(port), "HOST": "127.0.0.1"}
    with (folder / "server.log").open("ab") as log:
        run = {"cwd": ROOT, "env": environment, "stdout": log, "stderr": log}
        flask = [sys.executable, "-m", "flask", "--app", "application"]
        indexes = subprocess.run([*flask, "db", "indexes"], **run, check=False)
        process = subprocess.Popen([sys.executable, "-m", "app.web.server.serve"], **run)
    server = Server(process, f"http://127.0.0.1:{port}")
    wait_until_it_answers(server, folder / "server.log")
    assert indexes.returncode == 0
    return server


def wait_until_it_answers(server: Server, log: Path, seconds: float = 30) -> None:
    """Return at the first answer; fail with the log when the process ends or time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            requests.get(f"{server.url}/health/live", timeout=1)
            return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
