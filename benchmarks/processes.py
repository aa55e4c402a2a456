"""Processes: started in a folder of logs, their trees' CPU read, ended by their own ids."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_DATABASE = (sys.executable, "-m", "development.embedded_database")
PATIENCE = 60  # seconds for a server's first answer; boot.sh may install something first


class StartError(Exception):
    """A process ended, or never answered; the text ends with what it wrote."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def running(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    """The process while the block runs; what it writes goes to `folder`/`name`.log."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen, seconds: float = 10) -> None:
    """SIGTERM to the root of the tree; SIGKILL to whatever of the tree is left after `seconds`."""
    members = tree(process.pid) if process.poll() is None else []
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    until = time.monotonic() + 2
    while (left := [pid for pid in members if _is_running(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def wait_for_port(process: subprocess.Popen, port: int, log: Path) -> None:
    """Return once somebody listens. Raises StartError when the process ends or time is over."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise StartError(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def first_line(process: subprocess.Popen, log: Path, start: str = "") -> str:
    """The first line of its log that holds `start`. Raises StartError as `wait_for_port`."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines(keepends=True):
            if start in line and line.endswith("\n"):
                return line.strip()
        time.sleep(0.05)
    raise StartError(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def tree(root: int) -> list[int]:
    """The process and all its descendants, by /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # after the name, which may hold anything but ends with the last parenthesis
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, to the nanosecond.

    /proc/PID/stat counts in hundredths of a second, too coarse for a slice. This is the clock
    that clock_getcpuclockid(3) names: the process id's complement, shifted, and CPUCLOCK_SCHED.
    """
    return time.clock_gettime((~pid << 3) | 2)


@contextmanager
def cpu_of_tree(root: int) -> Iterator[list[float]]:
    """Fill the list with one number: the seconds of CPU the tree used while the block ran.

    Raises RuntimeError when a process of it came or went: its share would be missing.
    """
    spent: list[float] = []
    before = {pid: cpu_seconds(pid) for pid in tree(root)}
    yield spent
    after = {pid: cpu_seconds(pid) for pid in tree(root)}
    if before.keys() != after.keys():
        raise RuntimeError(f"processes of {root} came or went: {before.keys() ^ after.keys()}")
    spent.append(sum(after.values()) - sum(before.values()))


def _is_running(pid: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False
