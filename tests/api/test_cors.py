"""CORS: pages of allowed origins may call the API; by default no origin is allowed."""

from dataclasses import replace

import pytest

from app import config
from app.config import SettingsError, load_settings
from tests.client import Client

APP = "https://app.example.com"


@pytest.fixture
def cors_client(api: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of an application that allows the origin APP."""
    monkeypatch.setattr(config, "_current", replace(config.current(), cors_origins=(APP,)))
    return api


def test_no_origin_is_allowed_by_default(api: Client) -> None:
    answer = api.me(headers={"Origin": APP})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_an_allowed_origin_may_read_the_answer(cors_client: Client) -> None:
    headers = cors_client.me(headers={"Origin": APP}).headers
    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Access-Control-Expose-Headers"] == "X-Request-Id"
    assert "Access-Control-Allow-Credentials" not in headers
    assert "Origin" in headers.getlist("Vary")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.com.evil.example", APP.upper()]
)
def test_another_origin_may_not_read_the_answer(cors_client: Client, origin: str) -> None:
    headers = cors_client.me(headers={"Origin": origin}).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert "Origin" in headers.getlist("Vary")


def test_a_preflight_is_answered(cors_client: Client) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    answer = cors_client.http.options("/graphql", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"


@pytest.mark.parametrize("value", ["*", "app.example.com", "https://app.example.com/", "null"])
def test_an_invalid_origin_prevents_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS: "):
        load_settings({"FLASK_ENV": "development", "CORS_ORIGINS": value})
