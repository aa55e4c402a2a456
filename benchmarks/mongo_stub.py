"""A database that costs next to nothing: MongoDB's wire protocol, answered from memory.

It knows the benchmark's accounts, finds them by equality, sorts, cuts and projects, and says yes
to every write without keeping it. Every answer to a find is encoded once. What it does not
understand it refuses, so that no contender is measured on a wrong answer.

    python -m benchmarks.mongo_stub --rounds 12        # prints its address, serves until SIGTERM
"""

import argparse
import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime

import bson
from bson.int64 import Int64

from benchmarks.accounts import Accounts, make_accounts
from benchmarks.mongo_wire import Command, Connection

WIRE_VERSION = 25  # MongoDB 8.0
MOST_REMEMBERED = 20_000


class Refusal(Exception):  # noqa: N818
    """A command that the stub does not understand."""


class Store:
    """The accounts, and how each command is answered."""

    def __init__(self, accounts: Accounts) -> None:
        self._documents = {"users": accounts.users, "sessions": accounts.sessions}
        self._keyed = {
            name: {(key, document[key]): document for document in documents for key in keys}
            for (name, documents), keys in zip(
                self._documents.items(), (("_id", "email"), ("_id",)), strict=True
            )
        }
        self._finds: dict[str, bytes] = {}

    @property
    def collections(self) -> set[str]:
        """What it holds documents of; everything else is empty."""
        return set(self._documents)

    def answer(self, command: Command, sequence: int | None) -> bytes:
        """The encoded reply. `sequence`: how many documents came beside the command."""
        name = next(iter(command))
        try:
            if name == "find":
                return self._find(command)
            if name not in ANSWERS:
                raise Refusal(name)
            return bson.encode(ANSWERS[name](self, command, sequence) | {"ok": 1.0})
        except Refusal as refused:
            errmsg = f"not in the stub: {refused}"
            return bson.encode({"ok": 0.0, "errmsg": errmsg, "code": 59, "codeName": "No"})

    def _find(self, command: Command) -> bytes:
        parts = ("find", "filter", "projection", "sort", "skip", "limit")
        key = repr([command.get(part) for part in parts])
        if (known := self._finds.get(key)) is None:
            if len(self._finds) >= MOST_REMEMBERED:
                self._finds.clear()
            known = self._finds[key] = bson.encode(_cursor(command, self.found(command)))
        return known

    def found(self, command: Command) -> list[dict]:
        """What a find gives, in its order, cut and projected."""
        documents = self.matching(command[next(iter(command))], command.get("filter") or {})
        for key, direction in reversed((command.get("sort") or {}).items()):
            documents = sorted(documents, key=lambda document, key=key: document[key])
            documents = documents if direction > 0 else documents[::-1]
        skip, limit = command.get("skip") or 0, abs(command.get("limit") or 0)
        documents = documents[skip : skip + limit if limit else None]
        projection = command.get("projection") or {}
        return [_projected(document, projection) for document in documents]

    def matching(self, collection: str, wanted: dict) -> list[dict]:
        """The documents that have every wanted value, or hold it in a list."""
        candidates = self._documents.get(collection, [])
        for key in ("_id", "email"):
            if key in wanted and not isinstance(wanted[key], dict):
                one = self._keyed.get(collection, {}).get((key, wanted[key]))
                candidates = [one] if one else []
        return [document for document in candidates if _fits(document, wanted)]


def _fits(document: dict, wanted: dict) -> bool:
    for key, value in wanted.items():
        if key.startswith("$") or isinstance(value, dict):
            raise Refusal(f"an operator: {key}")
        stored = document.get(key)
        if stored != value and not (isinstance(stored, list) and value in stored):
            return False
    return True


def _projected(document: dict, projection: dict) -> dict:
    named = {key for key, wanted in projection.items() if wanted}
    if named:
        return {k: v for k, v in document.items() if k in named or k == "_id"}
    return {k: v for k, v in document.items() if k not in projection}


def _cursor(command: Command, documents: list[dict]) -> dict:
    namespace = f"{command.get('$db', 'accounts')}.{next(iter(command.values()))}"
    return {"cursor": {"firstBatch": documents, "id": Int64(0), "ns": namespace}, "ok": 1.0}


def _hello(_: Store, command: Command, __: int | None) -> dict:
    return {
        "helloOk": True,
        "isWritablePrimary": True,
        "ismaster": True,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": datetime.now(UTC),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": 1,
        "minWireVersion": 0,
        "maxWireVersion": WIRE_VERSION,
        "readOnly": False,
    }


def _written(statements: str, *, modified: bool = False) -> Callable:
    def answer(_: Store, command: Command, sequence: int | None) -> dict:
        count = len(command.get(statements, ())) if sequence is None else sequence
        return {"n": count} | ({"nModified": count} if modified else {})

    return answer


def _find_and_modify(store: Store, command: Command, _: int | None) -> dict:
    collection, query = command["findAndModify"], command.get("query") or {}
    found = store.matching(collection, query) if collection in store.collections else []
    value = found[0] if found else None
    if value is None and command.get("upsert"):
        value = _upserted(query, command.get("update"))
    outcome = {"n": int(value is not None), "updatedExisting": bool(found)}
    return {"lastErrorObject": outcome, "value": value}


def _upserted(query: dict, update: object) -> dict:
    """What an upsert leaves, where the update speaks in plain operators."""
    made = {key: value for key, value in query.items() if not isinstance(value, dict)}
    for operator in ("$setOnInsert", "$set", "$inc", "$max", "$min"):
        made |= update.get(operator, {}) if isinstance(update, dict) else {}
    return made


def _aggregate(store: Store, command: Command, _: int | None) -> dict:
    stages = {next(iter(stage)): stage for stage in command["pipeline"]}
    if not stages.keys() <= {"$match", "$group", "$limit", "$skip"}:
        raise Refusal(f"a pipeline of {', '.join(stages)}")
    match = stages.get("$match", {}).get("$match", {})
    count = len(store.matching(command["aggregate"], match))
    return _cursor(command, [{"_id": 1, "n": count}] if "$group" in stages else [])


def _count(store: Store, command: Command, _: int | None) -> dict:
    return {"n": len(store.matching(command["count"], command.get("query") or {}))}


def _list_indexes(_: Store, command: Command, __: int | None) -> dict:
    return _cursor(command, [{"v": 2, "key": {"_id": 1}, "name": "_id_"}])


def _empty(_: Store, __: Command, ___: int | None) -> dict:
    return {}


ANSWERS: dict[str, Callable[[Store, Command, int | None], dict]] = {
    "hello": _hello,
    "isMaster": _hello,
    "ismaster": _hello,
    "ping": _empty,
    "endSessions": _empty,
    "killCursors": _empty,
    "createIndexes": _empty,
    "commitTransaction": _empty,
    "abortTransaction": _empty,
    "buildInfo": lambda *_: {"version": "8.0.0", "versionArray": [8, 0, 0, 0]},
    "buildinfo": lambda *_: {"version": "8.0.0", "versionArray": [8, 0, 0, 0]},
    "listIndexes": _list_indexes,
    "insert": _written("documents"),
    "update": _written("updates", modified=True),
    "delete": _written("deletes"),
    "findAndModify": _find_and_modify,
    "aggregate": _aggregate,
    "count": _count,
}


async def serve(accounts: Accounts, port: int) -> None:
    """Listen on 127.0.0.1, print the address, and serve until SIGTERM or SIGINT."""
    loop, store, ended = asyncio.get_running_loop(), Store(accounts), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: Connection(store.answer), "127.0.0.1", port)
    print(f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/accounts", flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mongo_stub")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--rounds", type=int, default=12, help="of the bcrypt hashes it holds")
    asked = parser.parse_args()
    asyncio.run(serve(make_accounts(asked.rounds), asked.port))


if __name__ == "__main__":
    main()
