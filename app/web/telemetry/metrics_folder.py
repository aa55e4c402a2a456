"""The folder in which the workers of one server count, made fresh before they start.

It must be known before prometheus-client is imported, so nothing here does.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from app.config import SettingsError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def fresh_folder() -> Iterator[None]:
    """Create an empty folder, name it in the variable, and remove it in the end.

    Raises SettingsError when there is no place for one.
    """
    try:
        folder = tempfile.mkdtemp(prefix="accounts-metrics-")
    except OSError as error:
        raise SettingsError(
            f"TMPDIR: The metrics need a folder that can be written to ({error.strerror})."
        ) from None
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
