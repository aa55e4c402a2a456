"""Commands at a terminal wait longer for the database, but not for one that is away."""

import pymongo
import pytest
from flask import Flask

from app.errors import AccountError, ErrorReason
from app.models import long_operations


@pytest.fixture
def timeouts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time-outs, in seconds, that are set while the test runs."""
    set_: list[float] = []
    real = pymongo.timeout

    def noted(seconds: float) -> object:
        set_.append(seconds)
        return real(seconds)

    monkeypatch.setattr(pymongo, "timeout", noted)
    return set_


def test_gives_a_database_that_answers_a_minute(timeouts: list[float]) -> None:
    with long_operations.long_timeout():
        pass
    assert timeouts == [60]


def test_a_database_that_is_away_is_not_waited_for(
    timeouts: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise AccountError(ErrorReason.DATABASE_UNAVAILABLE, retry_after=1)

    monkeypatch.setattr(long_operations, "ping", away)
    with pytest.raises(AccountError), long_operations.long_timeout():
        pytest.fail("the operation ran")
    assert timeouts == []
