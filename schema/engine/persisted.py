"""Operations known by the SHA-256 of their text: trusted ones of a manifest, or kept on request.

Automatic persisted queries as Apollo Client speaks them, and Apollo's manifest of trusted ones.
"""

import hashlib
import json
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock

from app.clock import now
from app.errors import AccountError, ErrorReason
from app.models.persisted_operation import find_operation, keep_operation

FORMAT = "apollo-persisted-query-manifest"
MOST_KEPT = 5000  # in the database
MOST_REMEMBERED = 1000  # in this process
KEPT_FOR = timedelta(days=30)


def sha256_of(text: str) -> str:
    """The name of a document: SHA-256 of its UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def manifest_of(texts: list[str]) -> str:
    """The manifest of trusted documents, as JSON."""
    operations = [{"id": sha256_of(text), "body": text} for text in texts]
    content = {"format": FORMAT, "version": 1, "operations": operations}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> dict[str, str]:
    """{hash: text} of a manifest. Raises ValueError when it is none, OSError when it is away."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"not a file of the format {FORMAT}")
    return {operation["id"]: operation["body"] for operation in content["operations"]}


class AutomaticOperations:
    """Kept when a client sends the text with its hash; found for whoever sends the hash alone."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def text_of(self, query: str | None, sha256: str | None) -> str:
        """The text asked for. Raises AccountError(PERSISTED_QUERY_NOT_FOUND)."""
        if query is not None:
            return query
        text = self._remembered.get(sha256)
        if text is None:
            text = find_operation(sha256, expires_at=now() + KEPT_FOR)
            if text is None:
                raise AccountError(ErrorReason.PERSISTED_QUERY_NOT_FOUND)
            self._remember(sha256, text)
        return text

    def keep(self, query: str | None, sha256: str | None) -> None:
        """Keep a valid document that came with its hash."""
        if query is None or sha256 is None or sha256 in self._remembered:
            return
        with suppress(AccountError):  # the database is away: the document came with its text
            keep_operation(sha256, query, expires_at=now() + KEPT_FOR, most=MOST_KEPT)
            self._remember(sha256, query)

    def _remember(self, sha256: str, text: str) -> None:
        with self._lock:
            self._remembered[sha256] = text
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)


class TrustedOperations:
    """Those of a manifest and no others, whether asked for by text or by hash."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def text_of(self, query: str | None, sha256: str | None) -> str:
        """The text asked for. Raises AccountError(PERSISTED_QUERY_NOT_FOUND)."""
        text = self._texts.get(sha256_of(query) if query is not None else sha256)
        if text is None:
            raise AccountError(ErrorReason.PERSISTED_QUERY_NOT_FOUND)
        return text

    def keep(self, query: str | None, sha256: str | None) -> None:
        """A manifest does not grow."""
