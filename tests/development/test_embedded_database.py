"""The development database: start, end, guards, and the behaviour that the product relies on."""

import contextlib
import datetime
import functools
import importlib.metadata
import os
import platform
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymongo
import pytest
from bson import Int64, ObjectId
from pymongo.errors import AutoReconnect, DuplicateKeyError

from development import embedded_database
from tests.processes import ROOT, connect, start_database, stop
from tests.waiting import HANG, wait_until

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def start():
    """A function that starts databases. They are ended after the test, even if it fails."""
    processes = []

    def start(folder):
        process, uri = start_database(folder)
        processes.append(process)
        return process, uri

    yield start
    for process in processes:
        stop(process)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("database")


@pytest.fixture(scope="module")
def database(folder):
    with limit_open_files(256):
        process, uri = start_database(folder)
    with pymongo.MongoClient(uri, tz_aware=True, socketTimeoutMS=120_000) as client:
        yield client.get_default_database()
    stop(process)


@pytest.fixture
def rows(database, request):
    return database[request.node.name]


def read_port(uri):
    return pymongo.uri_parser.parse_uri(uri)["nodelist"][0][1]


@contextlib.contextmanager
def set_signal_handler(number, handler):
    """Set how processes started in this block handle a signal."""
    ours = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, ours)


@contextlib.contextmanager
def limit_open_files(count):
    """Limit how many files processes started in this block may have open."""
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, ours[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, ours)


def read_refusal(folder, *arguments):
    """Return the message of a start in this folder, which must refuse."""
    command = [
        sys.executable,
        "-m",
        "development.embedded_database",
        "--folder",
        str(folder),
        *arguments,
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
    return ended.stderr


def run_concurrently(count, work):
    """Run `work(0)` to `work(count - 1)` in as many threads at once; return their results."""
    barrier = threading.Barrier(count)

    def in_step(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(in_step, range(count)))


def measure_milliseconds(work):
    """Return the least time of five runs, so that a slow disk does not matter."""
    took = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return min(took)


# How it starts and ends


def test_publishes_its_address_only_while_it_serves(start, tmp_path):
    folder = tmp_path / "made" / "on the way"
    asked = time.monotonic()
    process, uri = start(folder)
    starting = time.monotonic() - asked
    with pymongo.MongoClient(uri) as client:
        assert client.admin.command("ping")["ok"] == 1
        assert client.get_default_database().name == "accounts"
    assert re.fullmatch(
        r"mongodb://127\.0\.0\.1:\d+/accounts"
        r"\?serverSelectionTimeoutMS=3000&uuidRepresentation=standard\n",
        (folder / "embedded.uri").read_text(),
    )
    asked = time.monotonic()
    stop(process)
    assert time.monotonic() - asked < 2 * starting  # seconds, when nothing ends the accept
    assert process.returncode == 0
    assert not (folder / "embedded.uri").exists()
    assert not list(folder.glob("*.unfinished"))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", read_port(uri)))


def test_ends_within_seconds_of_ctrl_c_despite_connected_clients(start, tmp_path):
    with set_signal_handler(signal.SIGINT, signal.default_int_handler):
        process, uri = start(tmp_path)
    with connect(uri) as client:
        client.accounts.rows.insert_one({})
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 0


def test_ignores_ctrl_c_when_it_was_started_in_the_background(start, tmp_path):
    with set_signal_handler(signal.SIGINT, signal.SIG_IGN):
        process, uri = start(tmp_path)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    with pymongo.MongoClient(uri) as client:
        client.accounts.rows.insert_one({})


def test_kill_9_loses_no_acknowledged_write_and_leaves_no_lock(start, tmp_path):
    process, uri = start(tmp_path)
    acknowledged = [[] for _ in range(4)]

    def write(number):
        with connect(uri, serverSelectionTimeoutMS=10_000, retryWrites=False) as client:
            try:
                while True:
                    row = ObjectId()
                    client.accounts.rows.insert_one({"_id": row})
                    acknowledged[number].append(row)
                    if sum(map(len, acknowledged)) >= 300:
                        process.kill()
            except AutoReconnect:
                return

    run_concurrently(4, write)
    with process:
        assert process.wait(HANG) == -signal.SIGKILL

    _, fresh_uri = start(tmp_path)
    with pymongo.MongoClient(fresh_uri) as client:
        kept = {row["_id"] for row in client.accounts.rows.find()}
    told = {row for rows in acknowledged for row in rows}
    assert len(told) >= 300
    assert told <= kept


def test_refuses_a_folder_that_is_in_use_and_does_not_change_it(database, folder):
    uri = (folder / "embedded.uri").read_text()
    assert f"another process has {folder} open" in read_refusal(folder)
    assert (folder / "embedded.uri").read_text() == uri
    assert database.client.admin.command("ping")["ok"] == 1


def test_refuses_clients_over_the_file_limit_and_serves_the_others(database, rows):
    with contextlib.ExitStack() as crowd:
        for _ in range(300):
            last = crowd.enter_context(socket.create_connection(database.client.address, 5))
        assert last.recv(1) == b""
    with pymongo.MongoClient(*database.client.address) as client:
        client.admin.command("ping")
        client.accounts[rows.name].insert_one({})


def test_refuses_data_of_another_version_and_says_how_to_start_again(tmp_path):
    subprocess.run([sys.executable, "-c", MAKE_AN_OLD_STORE, str(tmp_path)], check=True)
    assert f"{tmp_path} holds data of another version" in (said := read_refusal(tmp_path))
    assert "to start afresh, remove the folder" in said


MAKE_AN_OLD_STORE = """
import sys, bson
from secantus import storage
store = storage.Storage(sys.argv[1])
older = {"key": {"email": 1}, "options": {"entryFormat": storage._ENTRY_FORMAT - 1}}
store._cursor(storage._IDX_TABLE)["accounts", "users", "email_1"] = bson.encode(older)
store.close()
"""


def test_refuses_damaged_data_and_says_how_to_start_again(tmp_path):
    (tmp_path / "WiredTiger").write_text("not what the engine wrote")
    (tmp_path / "WiredTiger.turtle").write_text("neither is this")
    assert f"the data in {tmp_path} cannot be opened" in (said := read_refusal(tmp_path))
    assert "to start afresh, remove the folder" in said


@pytest.mark.parametrize(
    ("name", "why"), [("file", "File exists"), ("file/folder", "Not a directory")]
)
def test_refuses_a_folder_it_cannot_create(tmp_path, capsys, name, why):
    (tmp_path / "file").touch()
    assert embedded_database.main(["--folder", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err == (
        f"The embedded database cannot start: {tmp_path / name} cannot be created: {why}.\n"
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_refuses_a_folder_it_cannot_write_to(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert embedded_database.main(["--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"The embedded database cannot start: {tmp_path} cannot be written to.\n"
    )


def test_refuses_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert f"it cannot listen on port {port}" in read_refusal(tmp_path, "--port", port)
    assert not (tmp_path / "embedded.uri").exists()


def test_refuses_versions_that_its_guards_were_not_tested_with(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "0.7.0b4")
    assert embedded_database.main(["--folder", str(tmp_path / "data")]) == 2
    assert capsys.readouterr().err == (
        "The embedded database cannot start: secantusdb 0.7.0b4 is installed, but "
        "development/embedded_guards.py is tested with 0.7.0b3 only.\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("version", "system", "machine", "said"),
    [
        ((3, 12), "linux", "x86_64", "is not installed; run: pip install"),
        ((3, 14), "linux", "x86_64", "has no wheel for Python 3.14"),
        ((3, 12), "darwin", "x86_64", "has no wheel for Intel Macs"),
        ((3, 12), "darwin", "arm64", "is not installed; run: pip install"),
    ],
)
def test_explains_why_the_server_is_not_installed(
    tmp_path, monkeypatch, capsys, version, system, machine, said
):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "version_info", version)
    status = embedded_database.main(["--folder", str(tmp_path / "data")])
    monkeypatch.undo()
    assert status == 2
    assert said in (error := capsys.readouterr().err)
    assert error.count("\n") == 1


def test_importing_the_launcher_does_not_load_the_server():
    code = "import sys, development.embedded_database; sys.exit('secantus' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


# Guards


def test_an_index_does_not_change_results(rows):
    """Compare each kind of query that a guard corrects with a scan of the whole collection."""
    for key in ("name", "at", "ended", "tries", [("role", 1), ("at", 1), ("level", 1)]):
        rows.create_index(key)
    rows.create_index([("kind", 1), ("level", 1)], partialFilterExpression={"level": {"$gte": 0}})
    rows.insert_many(
        {
            "name": name,
            "at": NOON + n * HOUR,
            "tries": [n, 9 - n],
            "role": "ab"[n % 2],
            "kind": name[0],
            "level": n % 3,
            **({"ended": None} if n == 1 else {"ended": NOON} if n > 5 else {}),
        }
        for n, name in enumerate(["ann", "Bob", "cy", "dan", "", "eve", "f", "ann lee"], start=1)
        if name
    )
    questions = [
        {"name": re.compile("^ann")},
        {"name": {"$in": [re.compile("b", re.IGNORECASE), "cy"]}},
        {"name": re.compile("n"), "role": "a"},
        {"tries": {"$gt": 3, "$lt": 5}},
        {"tries": {"$gte": 4, "$lte": 4}, "role": "b"},
        {"at": {"$gte": NOON + 2 * HOUR, "$lt": NOON + 6 * HOUR}},
        {"ended": None},
        {"ended": {"$gt": NOON - HOUR}},
        {"level": 1},
        {"kind": "a", "level": 1},
        {"role": "a", "at": {"$lte": NOON + 4 * HOUR}},
        {"role": "b", "at": {"$gte": NOON + 2 * HOUR}},
        {"at": {"$in": [NOON + 6 * HOUR, NOON + HOUR, NOON + 3 * HOUR]}},
        {"$or": [{"name": "cy"}, {"at": NOON + HOUR}]},
        {"$or": [{"name": "cy"}, {"role": "a", "at": {"$lt": NOON + 4 * HOUR}}], "ended": None},
        {"$and": [{"role": "b"}, {"$or": [{"at": {"$gt": NOON + 3 * HOUR}}, {"name": "Bob"}]}]},
    ]
    for question in questions:
        for order in ([("at", 1)], [("at", -1)], [("role", 1), ("at", -1)]):
            scanned = list(rows.find(question, sort=order, hint=[("$natural", 1)]))
            assert list(rows.find(question, sort=order)) == scanned, (question, order)
            assert scanned, question


def test_finds_by_a_regex_on_an_indexed_field(rows):
    rows.create_index("name")
    rows.insert_many({"_id": name} | {"name": name} for name in ("ann", "bob", "anna"))
    assert {row["_id"] for row in rows.find({"name": re.compile("^ann")})} == {"ann", "anna"}
    assert rows.count_documents({"name": {"$in": [re.compile("^b")]}}) == 1


def test_compares_stored_dates_with_its_own_clock(rows):
    now = datetime.datetime.now(datetime.UTC)
    rows.insert_many([{"_id": "past", "due": now - HOUR}, {"_id": "future", "due": now + HOUR}])
    rows.update_many({}, [{"$set": {"is_late": {"$lt": ["$due", "$$NOW"]}, "seen": "$$NOW"}}])
    assert {row["_id"]: row["is_late"] for row in rows.find()} == {"past": True, "future": False}
    assert [row["_id"] for row in rows.find({"$expr": {"$gt": ["$due", "$$NOW"]}})] == ["future"]
    assert abs(rows.find_one("past")["seen"] - now) < datetime.timedelta(seconds=5)


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: rows.find_one_and_update({"email": "9@here"}, {"$inc": {"n": 1}}),
        lambda rows: rows.find_one_and_update({"_id": 9, "n": {"$gte": 0}}, {"$inc": {"n": 1}}),
        lambda rows: rows.update_one({"$and": [{"email": "9@here"}]}, {"$inc": {"n": 1}}),
        lambda rows: rows.find_one({"$or": [{"email": "9@here"}, {"email": "0@here"}]}),
    ],
    ids=["by an index", "by _id and more", "inside $and", "inside $or"],
)
def test_finds_one_row_by_index_without_scanning_the_collection(database, ask):
    rows = database["many"]
    if not rows.estimated_document_count():
        rows.create_index("email")
        rows.insert_many({"_id": n, "email": f"{n}@here", "n": 0} for n in range(2000))
    scan = measure_milliseconds(lambda: rows.find_one({"n": "in no document and in no index"}))
    assert measure_milliseconds(lambda: ask(rows)) < scan / 3


def test_concurrent_upserts_of_a_new_counter_return_different_numbers(rows):
    def count(page, _number):
        visit = {"$inc": {"n": 1}}
        return rows.find_one_and_update({"_id": page}, visit, upsert=True, return_document=True)

    for page in range(5):
        counted = run_concurrently(8, functools.partial(count, page))
        assert None not in counted
        assert sorted(row["n"] for row in counted) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_finds_arrays_whose_elements_match_different_bounds(rows):
    rows.create_index("tries")
    rows.insert_many([{"_id": "both", "tries": [1, 9]}, {"_id": "low", "tries": [1, 2]}])
    assert [row["_id"] for row in rows.find({"tries": {"$gt": 4, "$lt": 6}})] == ["both"]


def test_sorts_rows_that_an_index_finds_by_several_values(rows):
    rows.create_index("level")
    rows.insert_many({"level": level} for level in (1, 2, 3, 4))
    found = rows.find({"level": {"$in": [3, 1, 4]}})
    assert [row["level"] for row in found.sort("level")] == [1, 3, 4]
    assert [row["level"] for row in found.rewind().sort("level", -1)] == [4, 3, 1]


def test_finds_by_the_second_field_of_a_partial_index(rows):
    rows.create_index([("kind", 1), ("level", 1)], partialFilterExpression={"level": {"$gte": 0}})
    rows.insert_one({"kind": "a", "level": 1})
    assert rows.count_documents({"level": 1}) == 1


def test_finds_values_equal_to_a_range_bound_in_the_middle_of_an_index(rows):
    rows.create_index([("role", 1), ("level", 1), ("_id", 1)])
    rows.insert_many({"_id": n, "role": "a", "level": n // 3} for n in range(9))
    asked = {"role": "a", "level": {"$lte": 1}, "$or": [{"level": {"$lt": 1}}, {"_id": {"$lt": 4}}]}
    assert [row["_id"] for row in rows.find(asked).sort([("level", -1), ("_id", -1)])] == [
        3,
        2,
        1,
        0,
    ]
    assert rows.count_documents({"role": "a", "level": {"$gt": 1}}) == 3


# What the product relies on


def test_one_of_many_threads_gets_a_unique_value(rows):
    rows.create_index("email", unique=True)

    def sign_up(number):
        try:
            rows.insert_one({"email": "ann@here", "number": number})
        except DuplicateKeyError as error:
            return error.details
        return None

    lost = [details for details in run_concurrently(16, sign_up) if details]
    assert len(lost) == 15
    assert {details["code"] for details in lost} == {11000}
    assert lost[0]["keyPattern"] == {"email": 1}
    assert lost[0]["keyValue"] == {"email": "ann@here"}
    assert rows.count_documents({}) == 1


@pytest.mark.parametrize("method", ["update_one", "find_one_and_update"])
def test_one_of_many_threads_succeeds_with_a_compare_and_swap(rows, method):
    def swap(number):
        asked = {"_id": "session", "refresh": "used"}
        done = getattr(rows, method)(asked, {"$set": {"refresh": f"fresh {number}"}})
        return done.modified_count == 1 if method == "update_one" else done is not None

    for _ in range(20):
        rows.replace_one({"_id": "session"}, {"refresh": "used"}, upsert=True)
        winners = [number for number, won in enumerate(run_concurrently(8, swap)) if won]
        assert rows.find_one("session")["refresh"] == f"fresh {winners[0]}"
        assert len(winners) == 1


@pytest.mark.parametrize("method", ["delete_one", "find_one_and_delete"])
def test_one_of_many_threads_uses_a_single_use_row(rows, method):
    def use(_number):
        done = getattr(rows, method)({"token": "once"})
        return done.deleted_count == 1 if method == "delete_one" else done is not None

    rows.create_index("token", unique=True)
    for _ in range(10):
        rows.insert_one({"token": "once"})
        assert run_concurrently(8, use).count(True) == 1


def test_concurrent_increments_are_all_counted(rows):
    rows.insert_one({"_id": "count", "n": 0})
    run_concurrently(
        8, lambda _: [rows.update_one({"_id": "count"}, {"$inc": {"n": 1}}) for _ in "12345"]
    )
    assert rows.find_one("count")["n"] == 40


@pytest.mark.parametrize("condition", [{"$type": "string"}, {"$gt": ""}])
def test_a_partial_unique_index_applies_only_to_the_rows_of_its_filter(rows, condition):
    rows.create_index("cpf", unique=True, partialFilterExpression={"cpf": condition})
    rows.insert_many([{}, {}, {"cpf": None}, {"cpf": None}, {"_id": "ann", "cpf": "52998224725"}])
    with pytest.raises(DuplicateKeyError):
        rows.insert_one({"cpf": "52998224725"})
    with pytest.raises(DuplicateKeyError):
        rows.update_one({"cpf": None}, {"$set": {"cpf": "52998224725"}})
    rows.update_one({"_id": "ann"}, {"$unset": {"cpf": 1}})
    rows.insert_one({"cpf": "52998224725"})
    assert rows.count_documents({"cpf": "52998224725"}) == 1


def test_a_sparse_unique_index_applies_only_to_rows_with_the_field(rows):
    rows.create_index("username", unique=True, sparse=True)
    rows.insert_many([{}, {}, {"username": "ann"}])
    with pytest.raises(DuplicateKeyError):
        rows.insert_one({"username": "ann"})
    assert rows.count_documents({"username": None}) == 2


def test_push_with_slice_keeps_the_last_elements_and_pull_removes(rows):
    rows.insert_one({"_id": "ann", "seen": []})
    for number in range(5):
        rows.update_one(
            {"_id": "ann"}, {"$push": {"seen": {"$each": [{"n": number}], "$slice": -3}}}
        )
    assert rows.find_one("ann")["seen"] == [{"n": 2}, {"n": 3}, {"n": 4}]
    rows.update_one({"_id": "ann"}, {"$pull": {"seen": {"n": {"$lt": 4}}}})
    assert rows.find_one("ann")["seen"] == [{"n": 4}]
    rows.update_one({"_id": "ann", "seen.n": 4}, {"$set": {"seen.$.n": 5}})
    assert rows.find_one("ann")["seen"] == [{"n": 5}]


def test_deletes_expired_rows_and_no_others(rows):
    now = datetime.datetime.now(datetime.UTC)
    rows.create_index("expires", expireAfterSeconds=0)
    ages = {"old": now - HOUR, "young": now + HOUR, "no date": "yesterday", "null": None}
    rows.insert_many({"_id": name, "expires": date} for name, date in ages.items())
    rows.insert_one({"_id": "none"})
    wait_until(lambda: rows.find_one("old") is None, pause=0.1)
    assert {row["_id"] for row in rows.find()} == {"young", "no date", "null", "none"}


def test_returns_dates_with_millisecond_precision(rows):
    west = datetime.timezone(-3 * HOUR)
    rows.insert_one({"_id": 1, "at": NOON.astimezone(west).replace(microsecond=123_999)})
    assert rows.find_one(1)["at"] == NOON.replace(microsecond=123_000)
    assert rows.find_one(1)["at"].utcoffset() == datetime.timedelta()
    assert rows.count_documents({"at": NOON.replace(microsecond=123_000).astimezone(west)}) == 1


def test_is_a_replica_set_to_which_drivers_send_retryable_writes(database):
    assert database.client.admin.command("hello")["setName"] == "rs0"
    sent = []

    class Listener(pymongo.monitoring.CommandListener):
        def started(self, event):
            sent.append((event.command_name, "txnNumber" in event.command))

        def succeeded(self, event):
            pass

        failed = succeeded

    host, port = database.client.address
    with pymongo.MongoClient(host, port, event_listeners=[Listener()]) as client:
        client.accounts.retries.insert_one({})
    assert sent == [("insert", True), ("endSessions", False)]


def test_a_retried_write_is_applied_once(database):
    rows = database.sent_again
    rows.insert_one({"_id": 1, "count": 0})
    update = {"update": rows.name, "updates": [{"q": {"_id": 1}, "u": {"$inc": {"count": 1}}}]}
    with database.client.start_session() as session:
        replies = [
            database.command({**update, "txnNumber": Int64(7)}, session=session) for _ in range(2)
        ]
    assert [reply["nModified"] for reply in replies] == [1, 1]
    assert rows.find_one() == {"_id": 1, "count": 1}


def test_looks_only_at_the_oldest_record_of_a_retryable_write_at_each_write():
    run = subprocess.run(
        [sys.executable, "-c", COUNT_LOOKS_AT_RECORDS], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout == "kept 10000, the last 10000; looked at 3 for 1 more\nkept 0\n", run.stderr


COUNT_LOOKS_AT_RECORDS = """
from development import embedded_guards
from secantus.transactions import TransactionRegistry
embedded_guards.install()

class Records(dict):
    looks = 0
    def items(self):
        Records.looks += len(self)
        return super().items()
    def __iter__(self):
        Records.looks += 1
        return super().__iter__()

time = [0.0]
registry = TransactionRegistry(time_func=lambda: time[0])
registry._retryable = records = Records()
for number in range(10_005):
    Records.looks = 0
    registry.record_retryable(b"session", number, b"", {"ok": 1.0})
    registry.retryable_reply(b"session", number, b"")
kept = "the last 10000" if min(key[1] for key in dict.keys(records)) == 5 else "others"
print(f"kept {len(records)}, {kept}; looked at {Records.looks} for 1 more")
time[0] += 30 * 60 + 1
registry.retryable_reply(b"session", 10_004, b"")
print("kept", len(records))
"""
