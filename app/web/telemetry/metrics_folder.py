"""The folder in which the workers of one server count, made fresh before they start.

It must be known before prometheus-client is imported, so nothing here does.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def fresh_folder() -> Iterator[None]:
    """Around the server: the variable names an empty folder, which is removed in the end.

    Exits with a line that says so when there is nowhere to write.
    """
    try:
        folder = tempfile.mkdtemp(prefix="accounts-metrics-")
    except OSError as error:
        sys.exit(f"METRICS_TOKEN, METRICS_PORT: there is nowhere to count ({error.strerror}).")
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
