"""Terminal commands give the database a longer time-out, unless it is unreachable."""

import pymongo
import pytest
from flask import Flask

from app.errors import AccountError, ErrorReason
from app.models import long_operations


@pytest.fixture
def timeouts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time-outs, in seconds, that are set during the test."""
    set_: list[float] = []
    real = pymongo.timeout

    def noted(seconds: float) -> object:
        set_.append(seconds)
        return real(seconds)

    monkeypatch.setattr(pymongo, "timeout", noted)
    return set_


def test_a_reachable_database_gets_a_time_out_of_a_minute(timeouts: list[float]) -> None:
    with long_operations.long_timeout():
        pass
    assert timeouts == [60]


def test_an_unreachable_database_fails_at_once(
    timeouts: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise AccountError(ErrorReason.DATABASE_UNAVAILABLE, retry_after=1)

    monkeypatch.setattr(long_operations, "ping", away)
    with pytest.raises(AccountError), long_operations.long_timeout():
        pytest.fail("the operation ran")
    assert timeouts == []
