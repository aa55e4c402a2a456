"""The development database: a server that speaks as MongoDB does and keeps its data in a folder."""

import argparse
import contextlib
import errno
import importlib.metadata
import os
import platform
import socket
import sys
import time
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from app.signals import hear_signals

VERSION = "0.7.0b3"
URI_FILE = "embedded.uri"
URI = (
    "mongodb://127.0.0.1:{port}/accounts?serverSelectionTimeoutMS=3000&uuidRepresentation=standard"
)
SETTINGS = {
    "host": "127.0.0.1",
    "replica_set_name": None,  # a set walks its records of retryable writes at each write
    "enable_test_commands": False,
    "ttl_sweep_seconds": 5,
    "sync_on_commit": True,  # without it kill -9 loses acknowledged writes
    "durable": True,  # whatever SECANTUS_TEST_FAST_STORAGE says
    "cache_size": "256M",
    "max_connections": 150,  # out of files the engine gives up for good; a Mac grants 256
}


class StartError(Exception):
    """Why the database does not start: one line for whoever started it."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT and return 0; refuse with one line on stderr and return 2.

    While it serves, the file `embedded.uri` in the folder holds its address.
    """
    asked = _read(arguments)
    try:
        _refuse_other_versions()
        _make(asked.folder)
        _serve(asked.folder, asked.port)
    except StartError as error:
        sys.stderr.write(f"The development database does not start: {error}\n")
        return 2
    return 0


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.models.embedded", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the data is kept")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    return parser.parse_args(arguments)


def _refuse_other_versions() -> None:
    try:
        installed = importlib.metadata.version("secantusdb")
    except importlib.metadata.PackageNotFoundError:
        raise StartError(_why_not_installed()) from None
    if installed != VERSION:
        raise StartError(
            f"secantusdb {installed} is installed, and the guards in app/models/embedded_guards.py "
            f"are proven for {VERSION} alone."
        )


def _why_not_installed() -> str:
    if sys.version_info >= (3, 14):
        return f"secantusdb {VERSION} has no wheel for Python 3.14 and later; use 3.11 to 3.13."
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        return f"secantusdb {VERSION} has no wheel for Intel Macs; set MONGODB_URI to a MongoDB."
    return "secantusdb is not installed; run: pip install -r requirements/test.txt"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{folder} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StartError(f"{folder} cannot be written to.")


def _serve(folder: Path, port: int) -> None:
    heard = hear_signals()
    server = _open_store(folder, port)
    uri_file = folder / URI_FILE
    try:
        # Only now, with the store locked: before, the file could be that of a running server.
        uri_file.unlink(missing_ok=True)
        uri = _listen(server)
        _prove_it_keeps(uri)
        _publish(uri, uri_file)
        sys.stdout.write(f"The development database is ready: {uri}\n")
        sys.stdout.flush()
        while not heard:
            time.sleep(0.1)
    finally:
        uri_file.unlink(missing_ok=True)
        _close(server)


def _open_store(folder: Path, port: int):
    # Imported here alone: production has neither the package nor a use for it.
    try:
        import wiredtiger
        from secantus import SecantusDBServer
        from secantus.storage import IncompatibleStorageFormatError

        from app.models import embedded_guards
    except ImportError as error:
        raise StartError(f"secantusdb is installed but does not load: {error}") from None

    embedded_guards.install()
    try:
        with _quiet_engine():
            return SecantusDBServer(port=port, storage_path=str(folder), **SETTINGS)
    except IncompatibleStorageFormatError:
        why = f"{folder} holds the data of another version of secantusdb"
    except wiredtiger.WiredTigerError as error:
        if os.strerror(errno.EBUSY) in str(error):
            raise StartError(f"another process has {folder} open.") from None
        why = f"the data in {folder} cannot be opened ({error})"
    raise StartError(f"{why}; to start afresh, remove the folder.")


@contextlib.contextmanager
def _quiet_engine():
    # The storage engine is C and writes to file descriptor 2 what its exception says again.
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


def _listen(server) -> str:
    try:
        server.start()
    except (OSError, OverflowError) as error:
        raise StartError(f"port {server.port} cannot be listened on: {error}") from None
    return URI.format(port=server.port)


def _prove_it_keeps(uri: str) -> None:
    # A write, too: on a full disk the server still answers a ping.
    try:
        with pymongo.MongoClient(uri) as client:
            client.admin.command("ping")
            client["launcher"]["starts"].replace_one(
                {"_id": "last"}, {"at": time.time()}, upsert=True
            )
    except PyMongoError as error:
        raise StartError(f"it does not keep what it is told: {error}") from None


def _publish(uri: str, uri_file: Path) -> None:
    # Whoever polls for the file sees all of it or none.
    unfinished = uri_file.with_suffix(".unfinished")
    unfinished.write_text(f"{uri}\n", encoding="ascii")
    unfinished.replace(uri_file)


def _close(server) -> None:
    # Closing a socket that a thread is accepting on leaves the port listening until the next
    # connection; shutting it down ends the accept. (macOS refuses on a listening socket.)
    if server._socket is not None:
        with contextlib.suppress(OSError):
            server._socket.shutdown(socket.SHUT_RDWR)
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
