"""Persisted operations: documents that a client asks for by the SHA-256 of their text.

Automatic persisted queries follow Apollo Client; trusted documents come from Apollo's manifest.
"""

import hashlib
import json
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Protocol

from schema.engine.errors import EngineError, EngineReason

FORMAT = "apollo-persisted-query-manifest"
MOST_REMEMBERED = 1000  # documents, in this process


def hash_text(text: str) -> str:
    """The SHA-256 of a document's UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def build_manifest(texts: list[str]) -> str:
    """Build the manifest of trusted documents, as JSON."""
    operations = [{"id": hash_text(text), "body": text} for text in texts]
    content = {"format": FORMAT, "version": 1, "operations": operations}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> dict[str, str]:
    """Read {hash: text} from a manifest. Raises ValueError for another file, OSError."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"not a file of the format {FORMAT}")
    return {operation["id"]: operation["body"] for operation in content["operations"]}


class PersistedOperations(Protocol):
    """Finds the document that a request asks for."""

    def find_text(self, query: str | None, sha256: str | None) -> str:
        """Return the document's text. Raises EngineError(PERSISTED_QUERY_NOT_FOUND)."""

    def keep(self, query: str | None, sha256: str | None) -> None:
        """Keep a valid document that came with its hash, where documents are kept at all."""


class OperationStore(Protocol):
    """A store of documents that all servers share."""

    def find(self, sha256: str) -> str | None:
        """Return the text kept under a hash. May raise an error that clients may see."""

    def keep(self, sha256: str, text: str) -> bool:
        """Keep a text under its hash. Return False when the store is not available."""


class AutomaticOperations:
    """Keeps a document that a client sends with its hash, and finds it by the hash alone.

    Without a store, documents are kept in this process only.
    """

    def __init__(self, store: OperationStore | None = None) -> None:
        self._store = store
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def find_text(self, query: str | None, sha256: str | None) -> str:
        """Return `query`, or the text kept under `sha256`.

        Raises EngineError(PERSISTED_QUERY_NOT_FOUND), and what the store raises.
        """
        if query is not None:
            return query
        text = self._remembered.get(sha256) if sha256 else None
        if text is None:
            text = self._store.find(sha256) if self._store and sha256 else None
            if text is None or sha256 is None:
                raise EngineError(EngineReason.PERSISTED_QUERY_NOT_FOUND)
            self._remember(sha256, text)
        return text

    def keep(self, query: str | None, sha256: str | None) -> None:
        """Keep a valid document that came with its hash, when the store is available."""
        if query is None or sha256 is None or sha256 in self._remembered:
            return
        if self._store is None or self._store.keep(sha256, query):
            self._remember(sha256, query)

    def _remember(self, sha256: str, text: str) -> None:
        with self._lock:
            self._remembered[sha256] = text
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)


class TrustedOperations:
    """Finds the documents of a manifest and no others, by their text or by their hash."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def find_text(self, query: str | None, sha256: str | None) -> str:
        """Return the text asked for. Raises EngineError(PERSISTED_QUERY_NOT_FOUND)."""
        text = self._texts.get(hash_text(query) if query is not None else sha256 or "")
        if text is None:
            raise EngineError(EngineReason.PERSISTED_QUERY_NOT_FOUND)
        return text

    def keep(self, query: str | None, sha256: str | None) -> None:
        """Do nothing: a manifest does not grow."""
