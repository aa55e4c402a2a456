"""Settings: defaults, types, and what production refuses."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from app.config import EXAMPLE_SECRET_KEY, SettingsError, load_settings

PRODUCTION = {
    "FLASK_ENV": "production",
    "SECRET_KEY": "k" * 32,
    "MONGODB_URI": "mongodb://db.example/accounts",
}
DEVELOPMENT = {"FLASK_ENV": "development"}


def test_defaults_in_development() -> None:
    settings = load_settings(DEVELOPMENT)
    assert settings.host == "127.0.0.1"
    assert settings.port == 5000
    assert settings.debug is False
    assert settings.graphiql is True
    assert settings.access_token_lifetime == timedelta(minutes=20)
    assert settings.refresh_token_lifetime == timedelta(days=30)
    assert settings.default_locale == "pt-BR"
    assert settings.bcrypt_rounds == 12
    assert settings.production is False


def test_production_is_the_default_and_strict() -> None:
    settings = load_settings({name: PRODUCTION[name] for name in ("SECRET_KEY", "MONGODB_URI")})
    assert settings.production is True
    assert settings.graphiql is False
    assert settings.host == "0.0.0.0"


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "k" * 31}, "SECRET_KEY"),
        ({"SECRET_KEY": EXAMPLE_SECRET_KEY}, "SECRET_KEY"),
        ({"MONGODB_URI": ""}, "MONGODB_URI"),
        ({"DEBUG": "true"}, "DEBUG"),
    ],
)
def test_production_refuses(changes: dict, variable: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**PRODUCTION, **changes})
    assert str(refused.value).startswith(f"{variable}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLASK_ENV", "staging"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("APP_PORT", "0"),
        ("DEBUG", "perhaps"),
        ("MONGODB_URI", "http://db.example"),
        ("JWT_ACCESS_TOKEN_EXPIRES", "0"),
        ("JWT_ACCESS_TOKEN_EXPIRES", "soon"),
        ("JWT_REFRESH_TOKEN_EXPIRES", "-1"),
        ("DEFAULT_LOCALE", "fr"),
        ("BCRYPT_ROUNDS", "3"),
        ("WORKERS", "0"),
        ("THREADS", "many"),
        ("GRAPHIQL", "perhaps"),
        ("DATABASE_TIMEOUT_MS", "1"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_naming_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, name: value})
    shown = "PORT" if name == "APP_PORT" else name
    assert str(refused.value).startswith(f"{shown}: ")
    assert "\n" not in str(refused.value)


def test_values_are_typed() -> None:
    settings = load_settings(
        {
            **DEVELOPMENT,
            "APP_PORT": "7000",
            "DEBUG": "1",
            "JWT_ACCESS_TOKEN_EXPIRES": "5",
            "JWT_REFRESH_TOKEN_EXPIRES": "7",
            "GRAPHIQL": "false",
            "WORKERS": " 3 ",
        }
    )
    assert settings.port == 7000
    assert settings.debug is True
    assert settings.access_token_lifetime == timedelta(minutes=5)
    assert settings.refresh_token_lifetime == timedelta(days=7)
    assert settings.graphiql is False
    assert settings.workers == 3


def test_port_wins_over_app_port() -> None:
    assert load_settings({**DEVELOPMENT, "PORT": "6000", "APP_PORT": "7000"}).port == 6000


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("FLASK_ENV=development\nPORT=6001\nTHREADS=3\n")
    monkeypatch.setenv("ENV_FILE", str(file))
    monkeypatch.setenv("PORT", "6002")
    settings = load_settings()
    assert (settings.port, settings.threads) == (6002, 3)


def test_an_address_that_the_driver_refuses_is_told_without_repeating_it() -> None:
    environment = {**os.environ, **DEVELOPMENT, "ENV_FILE": os.devnull}
    environment["MONGODB_URI"] = "mongodb://user:segredo@@host/"
    run = subprocess.run(
        [sys.executable, "-m", "application"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert run.stderr == "MONGODB_URI: Not an address that the driver understands.\n"


@pytest.mark.parametrize("module", ["app.config", "application"])
def test_a_wrong_value_stops_the_start_without_a_trace(module: str) -> None:
    environment = {**os.environ, **DEVELOPMENT, "ENV_FILE": os.devnull, "PORT": "http"}
    run = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert run.stderr == "PORT: Not a valid integer.\n"
