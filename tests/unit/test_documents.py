"""The document cache: limited in number and in characters; it caches refusals, too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from schema.engine import document_limits
from schema.engine.documents import DocumentCache
from schema.engine.options import Options
from schema.root import build_schema

SCHEMA = build_schema().graphql_schema


def make_cache(**bounds: int) -> DocumentCache:
    return DocumentCache(SCHEMA, Options(), **bounds)


def test_parses_and_validates_a_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = document_limits.parse
    monkeypatch.setattr(
        document_limits, "parse", lambda text, **most: read.append(text) or real(text)
    )
    known = make_cache()
    first = known.get("{ me { id } }")
    assert known.get("{ me { id } }") is first
    assert known.get("{ me { idd } }").errors
    assert known.get("{ me { idd } }").errors
    assert read == ["{ me { id } }", "{ me { idd } }"]


def test_evicts_the_least_recently_used_document() -> None:
    known = make_cache(most=2)
    first = known.get("{ a: me { id } }")
    known.get("{ b: me { id } }")
    assert known.get("{ a: me { id } }") is first
    known.get("{ c: me { id } }")
    assert known.get("{ a: me { id } }") is first
    assert len(known) == 2


def test_caches_no_more_characters_than_its_limit() -> None:
    known = make_cache(most_characters=1000)
    for number in range(100):
        known.get(f"{{ a{number}: me {{ id }} }}" + " " * 80)
    assert len(known) == 10
    known.get("{ me { id } }" + " " * 1001)
    assert len(known) == 10


def test_can_be_used_by_several_threads() -> None:
    known = make_cache(most=5)

    def ask(number: int) -> bool:
        return not known.get(f"{{ a{number % 10}: me {{ id }} }}").errors

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(500)))
    assert len(known) <= 5


def test_suggestions_are_shown_only_with_introspection() -> None:
    open_ = DocumentCache(SCHEMA, Options(introspection=True))
    told = open_.get("{ me { emai } }").errors[0]
    assert "Did you mean" in told.extensions["detail"]
    assert "Did you mean" not in make_cache().get("{ me { emai } }").errors[0].extensions["detail"]
