"""When a session was last used: written at most once a minute, however many workers there are."""

from datetime import timedelta
from threading import Lock
from time import monotonic

from bson import ObjectId

from app.clock import now
from app.models.session import write_last_use

SECONDS = 60
MOST_REMEMBERED = 10_000  # sessions whose last write this worker remembers, about 150 bytes each

_written: dict[str, float] = {}  # session id: monotonic second of the last write; oldest first
_lock = Lock()


def note_use(session_id: str) -> None:
    """Write that a session is in use, unless this worker has done so within the last minute.

    Another worker may have written it meanwhile: the update itself checks that. It never fails.
    """
    if monotonic() - _written.get(session_id, -SECONDS) < SECONDS or not _claim(session_id):
        return
    at = now()
    write_last_use(ObjectId(session_id), at, unless_since=at - timedelta(seconds=SECONDS))


def remember_write(session_id: str) -> None:
    """Remember that the session's last use has just been written, together with something else."""
    with _lock:
        _remember(session_id)


def _claim(session_id: str) -> bool:
    """Whether this thread has to write: the first one after a minute."""
    with _lock:
        if monotonic() - _written.get(session_id, -SECONDS) < SECONDS:
            return False
        _remember(session_id)
        return True


def _remember(session_id: str) -> None:
    _written.pop(session_id, None)
    while len(_written) >= MOST_REMEMBERED:
        del _written[next(iter(_written))]
    _written[session_id] = monotonic()
