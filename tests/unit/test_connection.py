"""The database connection: how the URI limits connections."""

from math import inf

import mongoengine
import pytest
from pymongo import MongoClient

from app.models import connection


@pytest.mark.parametrize(
    ("options", "most"), [("", 100), ("?maxPoolSize=2", 2), ("?maxPoolSize=0", inf)]
)
def test_the_uri_limits_the_number_of_connections(
    monkeypatch: pytest.MonkeyPatch, options: str, most: float
) -> None:
    with MongoClient(f"mongodb://127.0.0.1:9/{options}", connect=False) as client:
        monkeypatch.setattr(connection, "client", lambda: client)
        assert connection.most_connections() == most


def test_there_is_no_limit_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> None:
        raise mongoengine.ConnectionFailure

    monkeypatch.setattr(connection, "client", nobody)
    assert connection.most_connections() == inf
