"""Settings: defaults, types, and the requirements of production."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from app.config import EXAMPLE_SECRET_KEY, SettingsError, load_settings
from tests.settings import SECRETS, VARIABLES

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


def test_production_is_the_default_and_has_strict_defaults() -> None:
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
        ("BCRYPT_ROUNDS", "3"),
        ("WORKERS", "0"),
        ("THREADS", "many"),
        ("GRAPHIQL", "perhaps"),
        ("DATABASE_TIMEOUT_MS", "1"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com:70000"),
        ("SMTP_URL", "smtp://ana@mail.example.com"),
        ("MAIL_FROM", "Contas"),
        ("MAIL_FROM", "Contas <contas@example.com"),
        ("MAIL_FROM", "contas@example.com\nBcc: todos@example.com"),
        ("MAIL_FROM", "conta..s@example.com"),
        ("FRONTEND_URL", "app.example.com"),
        ("FRONTEND_URL", "https://app.example.com/?a=1"),
        ("FRONTEND_URL", "https://ana:segredo@app.example.com"),
        ("OUTBOX_LEASE_SECONDS", "0"),
        ("OUTBOX_RETRY_SECONDS", "0"),
    ],
)
def test_a_wrong_value_is_reported_in_one_line_with_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, name: value})
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["0", "101", "one"])
def test_a_request_may_log_in_1_to_100_times(value: str) -> None:
    assert load_settings(DEVELOPMENT).max_logins == 1
    assert load_settings({**DEVELOPMENT, "MAX_LOGINS": "100"}).max_logins == 100
    with pytest.raises(SettingsError, match=r"^MAX_LOGINS: "):
        load_settings({**DEVELOPMENT, "MAX_LOGINS": value})


def test_operations_are_compiled_by_default() -> None:
    assert load_settings(DEVELOPMENT).compiled is True
    assert load_settings({**DEVELOPMENT, "COMPILED": "false"}).compiled is False


def test_values_have_their_types() -> None:
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


def test_mail_has_defaults_only_outside_production() -> None:
    development, production = load_settings(DEVELOPMENT), load_settings(PRODUCTION)
    assert str(development.mail_from) == "Contas <contas@example.com>"
    assert development.frontend_url == "http://localhost:3000"
    assert (production.mail_from, production.frontend_url, production.smtp_url) == (None,) * 3


def test_mail_has_settings_for_its_sender_and_its_links() -> None:
    given = {"MAIL_FROM": '"São Zé, Ltda." <a.b@c.example>', "FRONTEND_URL": "https://x.example/y/"}
    settings = load_settings({**DEVELOPMENT, **given})
    assert settings.mail_from.display_name == "São Zé, Ltda."
    assert settings.mail_from.addr_spec == "a.b@c.example"
    assert settings.frontend_url == "https://x.example/y"


def test_all_errors_are_reported_at_once_in_a_line_each(tmp_path: Path) -> None:
    given = {
        "FLASK_ENV": "production",
        "DEBUG": "true",
        "PORT": "http",
        "MAX_DEPTH": "0",
        "SMTP_URL": "segredo",
        "METRICS_TOKEN": "segredo",
        "SECRET_KEY_FILE": str(tmp_path / "segredo"),
    }
    with pytest.raises(SettingsError) as refused:
        load_settings(given)
    assert str(refused.value).splitlines() == [
        "SECRET_KEY_FILE: Cannot be read: No such file or directory.",
        "PORT: Not a valid integer.",
        "MAX_DEPTH: Must be greater than or equal to 1 and less than or equal to 100.",
        "SMTP_URL: Not smtp://[user:password@]host[:port].",
        "METRICS_TOKEN: Shorter than minimum length 16.",
        "MONGODB_URI: Production needs one.",
        "DEBUG: Production refuses to run with it.",
    ]


@pytest.mark.parametrize("verified", ["", "false", "perhaps"])
def test_concealing_accounts_needs_verified_addresses(verified: str) -> None:
    given = {"REGISTER_CONCEALS_ACCOUNTS": "true", "REQUIRE_VERIFIED_EMAIL": verified}
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, **given})
    assert str(refused.value) == (
        "REQUIRE_VERIFIED_EMAIL: Not a valid boolean."
        if verified == "perhaps"
        else "REGISTER_CONCEALS_ACCOUNTS: Needs REQUIRE_VERIFIED_EMAIL=true."
    )


def test_a_variable_set_to_nothing_counts_as_not_set() -> None:
    blank = dict.fromkeys(VARIABLES - {"FLASK_ENV"}, " ")
    assert load_settings({**DEVELOPMENT, **blank}) == load_settings(DEVELOPMENT)


@pytest.mark.parametrize("name", ["HOST_FILE", "JWT_ISSUER_FILE", "FLASK_ENV_FILE"])
def test_only_secrets_may_be_read_from_files(name: str, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("testing")
    assert load_settings({**DEVELOPMENT, name: str(file)}) == load_settings(DEVELOPMENT)


def test_reads_extensions_as_names_of_python_modules() -> None:
    given = {**DEVELOPMENT, "EXTENSIONS": "company.accounts, phone ,"}
    assert load_settings(given).extensions == ("company.accounts", "phone")
    assert load_settings(DEVELOPMENT).extensions == ()


@pytest.mark.parametrize(
    "value", ["company-accounts", "a..b", ".a", "a/b", "1a", "a class", "class"]
)
def test_refuses_an_extension_that_is_no_module_name(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, "EXTENSIONS": value})
    expected = "EXTENSIONS: Not a list of Python modules such as company.accounts."
    assert str(refused.value) == expected


@pytest.mark.parametrize("value", ["9" * 30, "9" * 5000, "20m", "9" * 30 + "w"])
def test_a_duration_is_a_number_of_its_unit(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, "JWT_ACCESS_TOKEN_EXPIRES": value})
    assert str(refused.value).startswith("JWT_ACCESS_TOKEN_EXPIRES: ")


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


def test_a_uri_that_the_driver_refuses_is_reported_without_repeating_it() -> None:
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
def test_a_wrong_value_prevents_the_start_without_a_traceback(module: str) -> None:
    environment = {**os.environ, **DEVELOPMENT, "ENV_FILE": os.devnull, "PORT": "http"}
    run = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0
    assert run.stderr == "PORT: Not a valid integer.\n"


SECRET_VALUES = {
    "SECRET_KEY": "f" * 32,
    "MONGODB_URI": "mongodb://user:segredo@db.example/accounts",
    "SMTP_URL": "smtps://user:segredo@mail.example",
    "METRICS_TOKEN": "segredo" * 3,
}


def test_every_secret_may_be_read_from_a_file() -> None:
    assert set(SECRET_VALUES) == set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_its_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET_VALUES[name]}\n")
    given = {key: value for key, value in PRODUCTION.items() if key != name}
    settings = load_settings({**given, f"{name}_FILE": str(file)})
    assert getattr(settings, name.lower()) == SECRET_VALUES[name]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_given_both_ways_is_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET_VALUES[name])
    with pytest.raises(SettingsError) as refused:
        load_settings({**PRODUCTION, name: SECRET_VALUES[name], f"{name}_FILE": str(file)})
    assert str(refused.value) == f"{name}_FILE: {name} is set too; give one of them."


def test_a_secret_set_to_nothing_beside_its_file_counts_as_not_set(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("f" * 32)
    settings = load_settings({**PRODUCTION, "SECRET_KEY": " ", "SECRET_KEY_FILE": str(file)})
    assert settings.secret_key == "f" * 32


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "Cannot be read: No such file or directory."),
        (b"", "Is empty."),
        (b" \n", "Is empty."),
        (b"segredo\xff" * 8, "Holds no UTF-8 text."),
        (b"segredo" * 4000, "Is longer than 16384 bytes."),
    ],
)
def test_an_invalid_secret_file_is_reported_without_path_or_content(
    content: bytes | None, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / "segredo"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        load_settings({"MONGODB_URI": "mongodb://db.example/", "SECRET_KEY_FILE": str(file)})
    assert str(refused.value) == f"SECRET_KEY_FILE: {fault}"


def test_a_folder_as_secret_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**DEVELOPMENT, "SMTP_URL_FILE": str(tmp_path)})
    assert str(refused.value) == "SMTP_URL_FILE: Cannot be read: Is a directory."


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("SECRET_KEY", "segredo", "SECRET_KEY: Production needs at least 32 bytes."),
        ("MONGODB_URI", "segredo", "MONGODB_URI: Not a mongodb:// address."),
        ("SMTP_URL", "segredo", "SMTP_URL: Not smtp://[user:password@]host[:port]."),
    ],
)
def test_a_secret_from_a_file_is_checked_and_never_repeated(
    name: str, content: str, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    given = {key: value for key, value in PRODUCTION.items() if key != name}
    with pytest.raises(SettingsError) as refused:
        load_settings({**given, f"{name}_FILE": str(file)})
    assert str(refused.value) == fault


def test_the_boot_script_learns_whether_a_database_is_set_but_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "uri"
    file.write_text(SECRET_VALUES["MONGODB_URI"])
    given = {**os.environ, **DEVELOPMENT, "ENV_FILE": os.devnull, "MONGODB_URI_FILE": str(file)}
    command = [sys.executable, "-m", "app.config"]
    run = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    assert "DATABASE=given\n" in run.stdout
    assert "segredo" not in run.stdout
