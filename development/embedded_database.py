"""The embedded database: SecantusDB, which speaks MongoDB's protocol and keeps data in a folder.

It is for development and tests alone: a beta on one node.
"""

import argparse
import contextlib
import errno
import importlib.metadata
import os
import platform
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import PyMongoError

from app.signals import record_stop_signals

if TYPE_CHECKING:
    from secantus import SecantusDBServer

VERSION = "0.7.0b3"
URI_FILE = "embedded.uri"
URI = (
    "mongodb://127.0.0.1:{port}/accounts?serverSelectionTimeoutMS=3000&uuidRepresentation=standard"
)
SETTINGS: dict[str, Any] = {
    "host": "127.0.0.1",
    "replica_set_name": "rs0",  # drivers then send retryable writes, as they do in production
    "oplog_max_entries": 1000,  # nothing reads the oplog, and each start counts its entries
    "enable_test_commands": False,
    "ttl_sweep_seconds": 5,
    "sync_on_commit": True,  # without it, kill -9 loses acknowledged writes
    "durable": True,  # overrides the environment variable SECANTUS_TEST_FAST_STORAGE
    "cache_size": "256M",
    # When the process runs out of file descriptors, the storage engine stops for good. macOS
    # allows 256 by default.
    "max_connections": 150,
}


class StartError(Exception):
    """The database cannot start. The message is one sentence for the person who started it."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then return 0.

    When the database cannot start, write one line to standard error and return 2. While it
    serves, the file `embedded.uri` in the data folder holds its address.
    """
    options = _parse_arguments(arguments)
    try:
        _check_version()
        _create_folder(options.folder)
        _serve(options.folder, options.port)
    except StartError as error:
        sys.stderr.write(f"The embedded database cannot start: {error}\n")
        return 2
    return 0


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    program = "python -m development.embedded_database"
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the data folder")
    parser.add_argument("--port", type=int, default=0, help="default 0: any free port")
    return parser.parse_args(arguments)


def _check_version() -> None:
    try:
        installed = importlib.metadata.version("secantusdb")
    except importlib.metadata.PackageNotFoundError:
        raise StartError(_explain_missing_package()) from None
    if installed != VERSION:
        raise StartError(
            f"secantusdb {installed} is installed, but development/embedded_guards.py is tested "
            f"with {VERSION} only."
        )


def _explain_missing_package() -> str:
    if sys.version_info >= (3, 14):
        return f"secantusdb {VERSION} has no wheel for Python 3.14 and later; use 3.11 to 3.13."
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        return f"secantusdb {VERSION} has no wheel for Intel Macs; set MONGODB_URI to a MongoDB."
    return "secantusdb is not installed; run: pip install -r requirements/test.txt"


def _create_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{folder} cannot be created: {error.strerror}.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StartError(f"{folder} cannot be written to.")


def _serve(folder: Path, port: int) -> None:
    stop_signals = record_stop_signals()
    server = _open_store(folder, port)
    uri_file = folder / URI_FILE
    try:
        # Opening the store has locked it. Before that, the file could belong to a running server.
        uri_file.unlink(missing_ok=True)
        uri = _listen(server)
        _check_writes(uri)
        _publish(uri, uri_file)
        sys.stdout.write(f"The embedded database is ready: {uri}\n")
        sys.stdout.flush()
        while not stop_signals:
            time.sleep(0.1)
    finally:
        uri_file.unlink(missing_ok=True)
        _close(server)


def _open_store(folder: Path, port: int) -> "SecantusDBServer":
    # Imported here, so that tests can import this module without loading the server.
    try:
        import wiredtiger
        from secantus import SecantusDBServer
        from secantus.storage import IncompatibleStorageFormatError

        from development import embedded_guards
    except ImportError as error:
        raise StartError(f"secantusdb is installed but cannot be imported: {error}") from None

    embedded_guards.install()
    try:
        with _silence_storage_engine():
            return SecantusDBServer(port=port, storage_path=str(folder), **SETTINGS)
    except IncompatibleStorageFormatError:
        reason = f"{folder} holds data of another version of secantusdb"
    except wiredtiger.WiredTigerError as error:
        if os.strerror(errno.EBUSY) in str(error):
            raise StartError(f"another process has {folder} open.") from None
        reason = f"the data in {folder} cannot be opened ({error})"
    raise StartError(f"{reason}; to start afresh, remove the folder.")


@contextlib.contextmanager
def _silence_storage_engine() -> Iterator[None]:
    # The storage engine is written in C. It writes to file descriptor 2 what its exception repeats.
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


def _listen(server: "SecantusDBServer") -> str:
    try:
        server.start()
    except (OSError, OverflowError) as error:
        raise StartError(f"it cannot listen on port {server.port}: {error}") from None
    return URI.format(port=server.port)


def _check_writes(uri: str) -> None:
    # A ping is not enough: the server answers it even when the disk is full.
    try:
        with pymongo.MongoClient[dict[str, Any]](uri) as client:
            client.admin.command("ping")
            client["launcher"]["starts"].replace_one(
                {"_id": "last"}, {"at": time.time()}, upsert=True
            )
    except PyMongoError as error:
        raise StartError(f"a test write failed: {error}") from None


def _publish(uri: str, uri_file: Path) -> None:
    # Written under another name and renamed: a program that polls for the file never sees half.
    unfinished = uri_file.with_suffix(".unfinished")
    unfinished.write_text(f"{uri}\n", encoding="ascii")
    unfinished.replace(uri_file)


def _close(server: "SecantusDBServer") -> None:
    # Closing a socket that a thread is accepting on leaves the port listening until the next
    # connection. Shutting it down first ends the accept. (macOS refuses that: it is not needed.)
    if server._socket is not None:
        with contextlib.suppress(OSError):
            server._socket.shutdown(socket.SHUT_RDWR)
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
