"""TRUSTED_PROXIES: the address stored with a session, for each number of trusted proxies."""

from dataclasses import replace

import pytest

from app import config
from app.models.session import Session
from tests.client import Client
from tests.factories import person


def open_session(api: Client, forwarded_for: str) -> str | None:
    """Return the stored address of a session opened with this header, from 127.0.0.1."""
    answer = api.register(person(), headers={"X-Forwarded-For": forwarded_for})
    assert answer.errors == []
    return Session.objects.order_by("-id").first().ip_address


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "expected"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        (2, "[2001:DB8::1]:5678, 203.0.113.7", "2001:db8::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "<script>", "127.0.0.1"),
        (10, "203.0.113.7", "203.0.113.7"),
    ],
)
def test_a_session_stores_the_address_given_by_trusted_proxies(
    api: Client, monkeypatch: pytest.MonkeyPatch, trusted: int, forwarded_for: str, expected: str
) -> None:
    monkeypatch.setattr(config, "_current", replace(config.current(), trusted_proxies=trusted))
    assert open_session(api, forwarded_for) == expected
