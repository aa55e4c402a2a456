"""Settings: read once from the environment and .env, typed, frozen; production is strict.

``python -m app.config`` checks them and prints what the boot script needs as shell assignments.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as rows
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path

from dotenv import dotenv_values
from marshmallow import ValidationError

from app.settings_form import PRODUCTION, Limits, SettingsForm

EXAMPLE_SECRET_KEY = "change-me-before-production-0123456789"  # noqa: S105  what .env.example shows
DEVELOPMENT_SECRET_KEY = "for-development-only-never-in-production"  # noqa: S105  published: no secret
MINIMUM_SECRET_BYTES = 32  # RFC 7518, section 3.2: a key of HS256's own size or larger


class SettingsError(Exception):
    """One or more settings are wrong; the text has one line for each, naming the variable."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, typed. Their meaning, unit and default stand in .env.example."""

    environment: str
    debug: bool
    secret_key: str
    mongodb_uri: str
    host: str
    port: int
    workers: int
    threads: int
    access_token_lifetime: timedelta
    refresh_token_lifetime: timedelta
    token_algorithm: str
    token_issuer: str
    token_audience: str
    default_locale: str
    bcrypt_rounds: int
    graphiql: bool
    cors_origins: tuple[str, ...]
    trusted_documents: str | None
    database_timeout_ms: int
    introspection: bool
    drain_seconds: float
    security_event_days: int
    throttle_account_failures: int
    throttle_address_failures: int
    throttle_window: timedelta
    trusted_proxies: int
    require_verified_email: bool
    register_conceals_accounts: bool
    smtp_url: str | None
    mail_from: Address | None
    frontend_url: str | None
    outbox_lease_seconds: int
    outbox_retry_seconds: int
    metrics_token: str | None
    metrics_port: int | None
    otlp_endpoint: str | None
    limits: Limits

    @property
    def production(self) -> bool:
        """Whether the strict defaults hold."""
        return self.environment == PRODUCTION

    @property
    def metrics_page(self) -> bool:
        """Whether /metrics is among the server's own pages: with a token, or outside production."""
        return self.metrics_token is not None or not self.production

    @property
    def counted(self) -> bool:
        """Whether anybody may read metrics; without, nothing is counted."""
        return self.metrics_page or self.metrics_port is not None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of `environ`, by default the process's environment over the .env file.

    ENV_FILE names another file than .env. Raises SettingsError.
    """
    if environ is None:
        file = os.environ.get("ENV_FILE", Path(__file__).parent.parent / ".env")
        try:
            environ = {**dotenv_values(file), **os.environ}
        except UnicodeDecodeError:
            raise SettingsError("ENV_FILE: Holds no UTF-8 text.") from None
    try:
        values = SettingsForm().load(environ)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(f"{name}: {' '.join(faults)}" for name, faults in error.messages.items())
        ) from None
    return Settings(**_complete(values))


def _complete(values: dict) -> dict:
    """Fill in what depends on the environment; refuse what production must not run with."""
    production = values["environment"] == PRODUCTION
    if production and (refusals := list(_refusals(values))):
        raise SettingsError("\n".join(refusals))
    values["limits"] = Limits(**{row.name: values.pop(row.name) for row in rows(Limits)})
    development_defaults = {
        "secret_key": DEVELOPMENT_SECRET_KEY,
        "mongodb_uri": "",
        "mail_from": None if production else Address("Contas", addr_spec="contas@example.com"),
        "frontend_url": None if production else "http://localhost:3000",
        "graphiql": not production,
        "introspection": not production,
        "drain_seconds": 5.0 if production else 0.0,
        "host": "0.0.0.0" if production else "127.0.0.1",  # noqa: S104  a container's port is published
    }
    return values | {
        name: default for name, default in development_defaults.items() if values[name] is None
    }


def _refusals(values: dict):
    secret = values["secret_key"]
    if not secret:
        yield "SECRET_KEY: Production needs one. Make it: openssl rand -hex 32"
    elif len(secret.encode()) < MINIMUM_SECRET_BYTES:
        yield f"SECRET_KEY: Production needs at least {MINIMUM_SECRET_BYTES} bytes."
    elif secret in (EXAMPLE_SECRET_KEY, DEVELOPMENT_SECRET_KEY):
        yield "SECRET_KEY: This one is published; production needs one of your own."
    if not values["mongodb_uri"]:
        yield "MONGODB_URI: Production needs one."
    if values["debug"]:
        yield "DEBUG: Production refuses to run with it."


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make `settings` those of this process; create_app does so once."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of this process."""
    if _current is None:
        raise RuntimeError("create_app has not run: there are no settings yet")
    return _current


def main() -> int:
    """Check the settings; print those the boot script needs, or what is wrong, a line each."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    needed = {
        "HOST": settings.host,
        "PORT": settings.port,
        # no secret: the shell would hand it on, beside the file that it may have come from
        "DATABASE": "given" if settings.mongodb_uri else "",
        "GRAPHIQL": str(settings.graphiql).lower(),
    }
    sys.stdout.writelines(f"{name}={shlex.quote(str(value))}\n" for name, value in needed.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
