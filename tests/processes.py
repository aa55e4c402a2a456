"""Servers that the tests start as processes of their own, and end by those same processes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_DATABASE = (sys.executable, "-m", "development.embedded_database")


def start_database(folder: Path) -> tuple[subprocess.Popen, str]:
    """Start the development database on a free port; return it, once it serves, with its URI.

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
    return process, (folder / "embedded.uri").read_text().strip()


def stop(process: subprocess.Popen, seconds: float = 30) -> None:
    """End it as an operator would; raises TimeoutExpired when that takes longer, and kills it."""
    with process:  # closes the pipes and reaps it, whatever happens
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
