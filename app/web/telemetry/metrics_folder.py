"""The folder in which the workers of one server store their metrics.

prometheus-client reads its path when it is imported, so this module does not import it.
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
    """Create an empty folder, set the variable to its path, and remove it at the end.

    Raises SettingsError when it cannot be created.
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
