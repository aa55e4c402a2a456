"""The way to the database: what the driver is asked of itself."""

from math import inf

import mongoengine
import pytest
from pymongo import MongoClient

from app.models import connection


@pytest.mark.parametrize(
    ("options", "most"), [("", 100), ("?maxPoolSize=2", 2), ("?maxPoolSize=0", inf)]
)
def test_the_address_bounds_the_connections(
    monkeypatch: pytest.MonkeyPatch, options: str, most: float
) -> None:
    with MongoClient(f"mongodb://127.0.0.1:9/{options}", connect=False) as client:
        monkeypatch.setattr(connection, "client", lambda: client)
        assert connection.most_connections() == most


def test_without_a_database_nothing_bounds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> None:
        raise mongoengine.ConnectionFailure

    monkeypatch.setattr(connection, "client", nobody)
    assert connection.most_connections() == inf
