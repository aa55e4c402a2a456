"""Settings: read once from the environment and .env, typed and frozen; production is strict.

``python -m app.config`` checks them and prints what boot.sh needs as shell assignments.
"""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import cast

from dotenv import dotenv_values
from marshmallow.validate import Length, OneOf, Range

from app.environment import DEVELOPMENT, ENVIRONMENTS, PRODUCTION, Environment, setting
from app.locales import DEFAULT_LOCALE
from app.setting_formats import (
    check_http_url,
    check_mongodb_uri,
    check_smtp_url,
    days,
    minutes,
    parse_frontend_url,
    parse_module_names,
    parse_origins,
    parse_sender,
)
from schema.engine.limits import Limits

EXAMPLE_SECRET_KEY = "change-me-before-production-0123456789"  # noqa: S105  what .env.example shows
DEVELOPMENT_SECRET_KEY = "for-development-only-never-in-production"  # noqa: S105  published: no secret
MINIMUM_SECRET_BYTES = 32  # RFC 7518, section 3.2: a key of HS256's own size or larger
TOKEN_ALGORITHMS = ("HS256", "RS256", "EdDSA")  # RFC 7518, RFC 8037
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class SettingsError(Exception):
    """One or more settings are wrong. The text has one line for each, which names the variable."""


def read_limits(env: Environment) -> Limits:
    """Read the limits of one request, each from the variable of its name."""
    return Limits(
        **{
            row.name: env.integer(row.name.upper(), cast(int, row.default), *row.metadata["range"])
            for row in fields(Limits)
        }
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting: its variable, type, default and range. .env.example says what it means."""

    environment: str = setting(
        lambda env: env.str("FLASK_ENV", PRODUCTION, validate=OneOf(ENVIRONMENTS))
    )
    debug: bool = setting(lambda env: env.bool("DEBUG", False))
    secret_key: str = setting(
        lambda env: env.secret("SECRET_KEY", "" if env.production else DEVELOPMENT_SECRET_KEY)
    )
    mongodb_uri: str = setting(lambda env: env.secret("MONGODB_URI", "", check_mongodb_uri))
    database_timeout_ms: int = setting(
        lambda env: env.integer("DATABASE_TIMEOUT_MS", 2500, 100, 60_000)
    )
    host: str = setting(
        lambda env: env.str("HOST", "0.0.0.0" if env.production else "127.0.0.1")  # noqa: S104  a container's port is published
    )
    port: int = setting(
        lambda env: env.integer("PORT", env.integer("APP_PORT", 5000, 1, 65535), 1, 65535)
    )
    workers: int = setting(lambda env: env.integer("WORKERS", 2, 1, 256))
    threads: int = setting(lambda env: env.integer("THREADS", 8, 1, 256))
    drain_seconds: float = setting(
        lambda env: env.float(
            "DRAIN_SECONDS", 5.0 if env.production else 0.0, validate=Range(0, 300)
        )
    )
    trusted_proxies: int = setting(lambda env: env.integer("TRUSTED_PROXIES", 0, 0, 10))
    cors_origins: tuple[str, ...] = setting(
        lambda env: env.parse("CORS_ORIGINS", (), parse_origins)
    )
    access_token_lifetime: timedelta = setting(
        lambda env: env.parse("JWT_ACCESS_TOKEN_EXPIRES", 20 * MINUTE, minutes(MINUTE, DAY))
    )
    refresh_token_lifetime: timedelta = setting(
        lambda env: env.parse("JWT_REFRESH_TOKEN_EXPIRES", 30 * DAY, days(DAY, 3650 * DAY))
    )
    token_algorithm: str = setting(
        lambda env: env.str("JWT_ALGORITHM", "HS256", validate=OneOf(TOKEN_ALGORITHMS))
    )
    token_issuer: str = setting(lambda env: env.str("JWT_ISSUER", "graphql-accounts"))
    token_audience: str = setting(lambda env: env.str("JWT_AUDIENCE", "graphql-accounts"))
    default_locale: str = setting(
        lambda env: env.str("DEFAULT_LOCALE", DEFAULT_LOCALE)  # checked by app.extension
    )
    bcrypt_rounds: int = setting(lambda env: env.integer("BCRYPT_ROUNDS", 12, 4, 16))
    graphiql: bool = setting(lambda env: env.bool("GRAPHIQL", not env.production))
    introspection: bool = setting(lambda env: env.bool("INTROSPECTION", not env.production))
    trusted_documents: str | None = setting(lambda env: env.str("TRUSTED_DOCUMENTS", None))
    compiled: bool = setting(lambda env: env.bool("COMPILED", True))
    limits: Limits = setting(read_limits)
    max_logins: int = setting(lambda env: env.integer("MAX_LOGINS", 1, 1, 100))
    security_event_days: int = setting(lambda env: env.integer("SECURITY_EVENT_DAYS", 365, 1, 3650))
    throttle_account_failures: int = setting(
        lambda env: env.integer("THROTTLE_ACCOUNT_FAILURES", 5, 1, 1000)
    )
    throttle_address_failures: int = setting(
        lambda env: env.integer("THROTTLE_ADDRESS_FAILURES", 100, 1, 1000)
    )
    throttle_window: timedelta = setting(
        lambda env: env.parse("THROTTLE_WINDOW_MINUTES", 15 * MINUTE, minutes(MINUTE, DAY))
    )
    require_verified_email: bool = setting(lambda env: env.bool("REQUIRE_VERIFIED_EMAIL", False))
    register_conceals_accounts: bool = setting(
        lambda env: env.bool("REGISTER_CONCEALS_ACCOUNTS", False)
    )
    smtp_url: str | None = setting(lambda env: env.secret("SMTP_URL", None, check_smtp_url))
    mail_from: Address | None = setting(
        lambda env: env.parse(
            "MAIL_FROM",
            None if env.production else Address("Contas", addr_spec="contas@example.com"),
            parse_sender,
        )
    )
    frontend_url: str | None = setting(
        lambda env: env.parse(
            "FRONTEND_URL",
            None if env.production else "http://localhost:3000",
            parse_frontend_url,
        )
    )
    outbox_lease_seconds: int = setting(
        lambda env: env.integer("OUTBOX_LEASE_SECONDS", 300, 1, 3600)
    )
    outbox_retry_seconds: int = setting(
        lambda env: env.integer("OUTBOX_RETRY_SECONDS", 30, 1, 3600)
    )
    metrics_token: str | None = setting(
        lambda env: env.secret("METRICS_TOKEN", None, Length(min=16))
    )
    metrics_port: int | None = setting(lambda env: env.integer("METRICS_PORT", None, 1, 65535))
    otlp_endpoint: str | None = setting(
        lambda env: env.str("OTEL_EXPORTER_OTLP_ENDPOINT", None, validate=check_http_url)
    )
    extensions: tuple[str, ...] = setting(
        lambda env: env.parse("EXTENSIONS", (), parse_module_names)
    )

    @property
    def development(self) -> bool:
        """Whether a developer runs this on their own machine."""
        return self.environment == DEVELOPMENT

    @property
    def production(self) -> bool:
        """Whether this is a server in production."""
        return self.environment == PRODUCTION

    @property
    def serves_metrics(self) -> bool:
        """Whether the server itself serves /metrics: with a token, or outside production."""
        return self.metrics_token is not None or not self.production

    @property
    def collects_metrics(self) -> bool:
        """Whether metrics are collected: somebody may read them, here or on a port of their own."""
        return self.serves_metrics or self.metrics_port is not None


def load_settings(environ: Mapping[str, str | None] | None = None) -> Settings:
    """Return the settings of `environ`, by default the process's environment over the .env file.

    ENV_FILE names another file than .env. Raises SettingsError with all errors of all variables.
    """
    if environ is None:
        file = os.environ.get("ENV_FILE", Path(__file__).parent.parent / ".env")
        try:
            environ = {**dotenv_values(file), **os.environ}
        except UnicodeDecodeError:
            raise SettingsError("ENV_FILE: Holds no UTF-8 text.") from None
    env = Environment(environ)
    settings = _read(env)
    errors = env.errors()
    for variable, error in _find_conflicts(env, settings):
        errors.setdefault(variable, [error])
    if errors:
        raise SettingsError("\n".join(f"{name}: {' '.join(errors[name])}" for name in errors))
    return settings


def list_variables() -> list[str]:
    """Return the name of every variable that is read, NAME_FILE of secrets too."""
    env = Environment({})
    _read(env)
    return env.names


def _read(env: Environment) -> Settings:
    return Settings(**{row.name: row.metadata["read"](env) for row in fields(Settings)})


def _find_conflicts(env: Environment, settings: Settings) -> Iterator[tuple[str, str]]:
    """Find settings that are wrong together. One that is wrong by itself is None here."""
    if settings.register_conceals_accounts and settings.require_verified_email is False:
        # register would give tokens to anyone who names a free address
        yield "REGISTER_CONCEALS_ACCOUNTS", "Needs REQUIRE_VERIFIED_EMAIL=true."
    if not settings.production:
        return
    if not env.is_set("SECRET_KEY"):
        yield "SECRET_KEY", "Production needs one. Make it: openssl rand -hex 32"
    elif settings.secret_key in (EXAMPLE_SECRET_KEY, DEVELOPMENT_SECRET_KEY):
        yield "SECRET_KEY", "This one is published; production needs one of your own."
    elif 0 < len(settings.secret_key.encode()) < MINIMUM_SECRET_BYTES:
        yield "SECRET_KEY", f"Production needs at least {MINIMUM_SECRET_BYTES} bytes."
    if not env.is_set("MONGODB_URI"):
        yield "MONGODB_URI", "Production needs one."
    if settings.debug:
        yield "DEBUG", "Production refuses to run with it."


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make `settings` those of this process. create_app and the worker do so once."""
    global _current
    _current = settings


def current() -> Settings:
    """Return the settings of this process. Raises RuntimeError before `use`."""
    if _current is None:
        raise RuntimeError("create_app has not run: there are no settings yet")
    return _current


def main() -> int:
    """Check the settings; print those that boot.sh needs, or one line for each error."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    needed = {
        "HOST": settings.host,
        "PORT": settings.port,
        # no secret: the shell would pass it on to all that it starts, though it came from a file
        "DATABASE": "given" if settings.mongodb_uri else "",
        "GRAPHIQL": str(settings.graphiql).lower(),
    }
    sys.stdout.writelines(f"{name}={shlex.quote(str(value))}\n" for name, value in needed.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
