"""The last use of sessions that a worker remembers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from bson import ObjectId

from app.accounts import last_use
from tests.client import Client


def test_remembers_the_latest_sessions_up_to_its_limit(api: Client) -> None:
    last_use._written.clear()
    ids = [str(ObjectId()) for _ in range(last_use.MOST_REMEMBERED + 2)]
    for session_id in ids:
        last_use.remember_write(session_id)
    assert list(last_use._written) == ids[2:]
    last_use.remember_write(ids[2])
    assert list(last_use._written) == [*ids[3:], ids[2]]


def test_only_one_of_many_threads_asks_the_database(api: Client, commands: list[str]) -> None:
    session_id, start = str(ObjectId()), Barrier(16)

    def use(_: int) -> None:
        start.wait()
        last_use.note_use(session_id)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(use, range(16)))
    assert commands == ["update"]
