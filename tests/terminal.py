"""`flask ...` as an operator runs it: in a separate process, with production settings."""

import os
import pty
import subprocess
import sys
from dataclasses import dataclass

from tests.conftest import ENVIRONMENT
from tests.servers import ROOT

FLASK = [sys.executable, "-m", "flask", "--app", "application"]
IN_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


@dataclass(frozen=True)
class Terminal:
    """Runs commands on one database."""

    database_uri: str

    def run(
        self, *args: str, given: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess:
        """Run a command with this standard input; return the completed process."""
        return subprocess.run(
            [*FLASK, *args],
            input=given,
            capture_output=True,
            check=False,
            timeout=300,
            **self._around(environment),
        )

    def start(self, *args: str) -> subprocess.Popen:
        """Start a command and return its process; its output is discarded."""
        lost = subprocess.DEVNULL
        return subprocess.Popen([*FLASK, *args], stdout=lost, stderr=lost, **self._around({}))

    def watch(self, *args: str) -> tuple[int, str, str]:
        """Return the exit code, standard output, and what a terminal shows of standard error."""
        master, terminal = pty.openpty()
        process = subprocess.Popen(
            [*FLASK, *args], stdout=subprocess.PIPE, stderr=terminal, **self._around({})
        )
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # Linux raises this when the other end is closed
            pass
        os.close(master)
        out, _ = process.communicate()
        return process.returncode, out.decode(), shown.decode()

    def answer(self, *args: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
        """Run a command in a terminal and answer its questions; return exit code and output."""
        shown = ""
        process = subprocess.Popen(
            [sys.executable, "-c", IN_A_TERMINAL, *FLASK, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            **self._around({}),
        )
        with process:
            for question, answer in answers:
                seen = len(shown)
                while question not in shown[seen:]:
                    piece = process.stdout.read(1)
                    assert piece, shown
                    shown += piece.decode(errors="replace")
                process.stdin.write(f"{answer}\n".encode())
            shown += process.stdout.read().decode()
        return process.returncode, shown

    def _around(self, environment: dict[str, str]) -> dict:
        production = {"FLASK_ENV": "production", "MONGODB_URI": self.database_uri}
        return {"cwd": ROOT, "env": {**os.environ, **ENVIRONMENT, **production, **environment}}
