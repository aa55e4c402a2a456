"""The folder in which the workers of one server count, made fresh before they start.

It must be known before prometheus-client is imported, so nothing here does.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def fresh_folder() -> Iterator[None]:
    """Around the server: the variable names an empty folder, which is removed in the end.

    One that an operator named in it is used, emptied of an earlier server's counts, and left.
    """
    named = os.environ.get(VARIABLE)
    if named:
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        for counts in folder.glob("*.db"):
            counts.unlink()
        yield
        return
    made = tempfile.mkdtemp(prefix="accounts-metrics-")
    os.environ[VARIABLE] = made
    try:
        yield
    finally:
        shutil.rmtree(made, ignore_errors=True)
