"""CORS: pages of allowed origins may call the API; by default none may."""

from dataclasses import replace

import pytest

from app import config
from app.config import SettingsError, load_settings
from tests.client import Client

APP = "https://app.example.com"


@pytest.fixture
def allowing(api: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The client, where APP is allowed."""
    monkeypatch.setattr(config, "_current", replace(config.current(), cors_origins=(APP,)))
    return api


def test_nothing_is_allowed_by_default(api: Client) -> None:
    answer = api.me(headers={"Origin": APP})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_an_allowed_origin_may_read_the_answer(allowing: Client) -> None:
    headers = allowing.me(headers={"Origin": APP}).headers
    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Access-Control-Expose-Headers"] == "X-Request-Id"
    assert "Access-Control-Allow-Credentials" not in headers
    assert "Origin" in headers.getlist("Vary")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.com.evil.example", APP.upper()]
)
def test_another_origin_may_not(allowing: Client, origin: str) -> None:
    headers = allowing.me(headers={"Origin": origin}).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert "Origin" in headers.getlist("Vary")


def test_a_preflight_is_answered(allowing: Client) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    answer = allowing.http.options("/graphql", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"


@pytest.mark.parametrize("value", ["*", "app.example.com", "https://app.example.com/", "null"])
def test_what_is_no_origin_stops_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS: "):
        load_settings({"FLASK_ENV": "development", "CORS_ORIGINS": value})
