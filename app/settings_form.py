"""What may be set: each setting's variable, type, range and default.

What depends on the environment, and what production refuses, stands in app/config.py.
"""

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from dataclasses import fields as rows
from datetime import timedelta
from email.headerregistry import Address

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    pre_load,
    validate,
    validates_schema,
)

from app.messages import LOCALES
from app.secret_files import ENDING, SecretFileError, read_secret_files

SECRETS = ("SECRET_KEY", "MONGODB_URI", "SMTP_URL", "METRICS_TOKEN")  # each may be in a file
DEVELOPMENT, PRODUCTION = "development", "production"
TOKEN_ALGORITHMS = ("HS256", "RS256", "EdDSA")  # RFC 7518, RFC 8037
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|http://\[::1\](:[0-9]{1,5})?", re.ASCII)
FRONTEND_URL = re.compile(
    r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[\w.~!$&'()*+,;=:@%/-]*)?",
    re.ASCII,
)
SMTP_URL = re.compile(
    r"smtp(s|\+starttls)?://([^\s/@:]+:[^\s/@]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?",
    re.ASCII,
)
SENDER = re.compile(
    r"(?:(?P<name>[^<>\x00-\x1f\x7f]*)<)?"
    r"(?P<address>[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
    r"(?(name)>)",
    re.ASCII,
)


def _limit(default: int, least: int, most: int) -> Field:
    return field(default=default, metadata={"range": (least, most)})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one request may ask for; each a setting: its default, and the range it must keep.

    What each of them counts stands in schema/engine/limits.py.
    """

    max_body_bytes: int = _limit(64 * 1024, 1024, 16 * 1024 * 1024)
    max_characters: int = _limit(15_000, 100, 1_000_000)
    max_tokens: int = _limit(2_000, 10, 100_000)
    max_operations: int = _limit(50, 1, 1_000)
    max_fields: int = _limit(200, 1, 10_000)
    max_fragments: int = _limit(20, 0, 200)
    max_variables: int = _limit(30, 0, 1_000)
    max_directives: int = _limit(50, 0, 1_000)
    max_comparisons: int = _limit(10_000, 100, 1_000_000)
    max_depth: int = _limit(10, 1, 100)
    max_introspection_depth: int = _limit(15, 1, 100)
    max_aliases: int = _limit(30, 0, 1_000)
    max_root_mutations: int = _limit(5, 1, 100)
    max_logins: int = _limit(1, 1, 100)
    max_cost: int = _limit(5_000, 1, 1_000_000)
    max_variable_depth: int = _limit(32, 1, 100)
    max_errors: int = _limit(10, 1, 100)
    operation_seconds: int = _limit(10, 1, 300)


_LimitsForm = Schema.from_dict(
    {
        row.name: fields.Integer(
            data_key=row.name.upper(),
            load_default=row.default,
            validate=validate.Range(*row.metadata["range"]),
        )
        for row in rows(Limits)
    }
)


class SettingsForm(_LimitsForm):
    """The environment as text; loads what app.config completes into Settings."""

    class Meta:
        unknown = EXCLUDE

    environment = fields.String(
        data_key="FLASK_ENV",
        load_default=PRODUCTION,
        validate=validate.OneOf([DEVELOPMENT, "testing", PRODUCTION]),
    )
    debug = fields.Boolean(data_key="DEBUG", load_default=False)
    secret_key = fields.String(data_key="SECRET_KEY", load_default=None)
    mongodb_uri = fields.String(
        data_key="MONGODB_URI",
        load_default=None,
        validate=validate.Regexp(r"mongodb(\+srv)?://.+", error="Not a mongodb:// address."),
    )
    host = fields.String(data_key="HOST", load_default=None)
    port = fields.Integer(data_key="PORT", load_default=5000, validate=validate.Range(1, 65535))
    workers = fields.Integer(data_key="WORKERS", load_default=2, validate=validate.Range(1, 256))
    threads = fields.Integer(data_key="THREADS", load_default=8, validate=validate.Range(1, 256))
    access_token_lifetime = fields.TimeDelta(
        data_key="JWT_ACCESS_TOKEN_EXPIRES",
        precision="minutes",
        load_default=timedelta(minutes=20),
        validate=validate.Range(timedelta(minutes=1), timedelta(days=1)),
    )
    refresh_token_lifetime = fields.TimeDelta(
        data_key="JWT_REFRESH_TOKEN_EXPIRES",
        precision="days",
        load_default=timedelta(days=30),
        validate=validate.Range(timedelta(days=1), timedelta(days=3650)),
    )
    token_algorithm = fields.String(
        data_key="JWT_ALGORITHM",
        load_default="HS256",
        validate=validate.OneOf(TOKEN_ALGORITHMS),
    )
    token_issuer = fields.String(data_key="JWT_ISSUER", load_default="graphql-accounts")
    token_audience = fields.String(data_key="JWT_AUDIENCE", load_default="graphql-accounts")
    default_locale = fields.String(
        data_key="DEFAULT_LOCALE", load_default="pt-BR", validate=validate.OneOf(LOCALES)
    )
    bcrypt_rounds = fields.Integer(
        data_key="BCRYPT_ROUNDS", load_default=12, validate=validate.Range(4, 16)
    )
    graphiql = fields.Boolean(data_key="GRAPHIQL", load_default=None)
    cors_origins = fields.Method(
        data_key="CORS_ORIGINS", deserialize="read_origins", load_default=()
    )
    trusted_documents = fields.String(data_key="TRUSTED_DOCUMENTS", load_default=None)
    database_timeout_ms = fields.Integer(
        data_key="DATABASE_TIMEOUT_MS", load_default=2500, validate=validate.Range(100, 60_000)
    )
    introspection = fields.Boolean(data_key="INTROSPECTION", load_default=None)
    drain_seconds = fields.Float(
        data_key="DRAIN_SECONDS", load_default=None, validate=validate.Range(0, 300)
    )
    security_event_days = fields.Integer(
        data_key="SECURITY_EVENT_DAYS", load_default=365, validate=validate.Range(1, 3650)
    )
    throttle_account_failures = fields.Integer(
        data_key="THROTTLE_ACCOUNT_FAILURES", load_default=5, validate=validate.Range(1, 1000)
    )
    throttle_address_failures = fields.Integer(
        data_key="THROTTLE_ADDRESS_FAILURES", load_default=100, validate=validate.Range(1, 1000)
    )
    throttle_window = fields.TimeDelta(
        data_key="THROTTLE_WINDOW_MINUTES",
        precision="minutes",
        load_default=timedelta(minutes=15),
        validate=validate.Range(timedelta(minutes=1), timedelta(days=1)),
    )
    trusted_proxies = fields.Integer(
        data_key="TRUSTED_PROXIES", load_default=0, validate=validate.Range(0, 10)
    )
    require_verified_email = fields.Boolean(data_key="REQUIRE_VERIFIED_EMAIL", load_default=False)
    register_conceals_accounts = fields.Boolean(
        data_key="REGISTER_CONCEALS_ACCOUNTS", load_default=False
    )
    smtp_url = fields.Method(data_key="SMTP_URL", deserialize="read_smtp", load_default=None)
    mail_from = fields.Method(data_key="MAIL_FROM", deserialize="read_sender", load_default=None)
    frontend_url = fields.Method(
        data_key="FRONTEND_URL", deserialize="read_frontend", load_default=None
    )
    outbox_lease_seconds = fields.Integer(
        data_key="OUTBOX_LEASE_SECONDS", load_default=300, validate=validate.Range(1, 3600)
    )
    outbox_retry_seconds = fields.Integer(
        data_key="OUTBOX_RETRY_SECONDS", load_default=30, validate=validate.Range(1, 3600)
    )
    metrics_token = fields.String(
        data_key="METRICS_TOKEN", load_default=None, validate=validate.Length(min=16)
    )
    metrics_port = fields.Integer(
        data_key="METRICS_PORT", load_default=None, validate=validate.Range(1, 65535)
    )
    otlp_endpoint = fields.String(
        data_key="OTEL_EXPORTER_OTLP_ENDPOINT",
        load_default=None,
        validate=validate.Regexp(r"https?://[^\s/]+\S*$", error="Not an http:// address."),
    )

    @validates_schema
    def check_concealment(self, values: dict, **_: object) -> None:
        """Without verification `register` would give tokens to whoever holds a free address."""
        if values["register_conceals_accounts"] and not values["require_verified_email"]:
            raise ValidationError(
                "Needs REQUIRE_VERIFIED_EMAIL=true.", "REGISTER_CONCEALS_ACCOUNTS"
            )

    def read_origins(self, text: str) -> tuple[str, ...]:
        """Origins as browsers send them: https://host[:port], separated by commas."""
        origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
        if not all(ORIGIN.fullmatch(origin) for origin in origins):
            raise ValidationError("Not a list of origins such as https://app.example.com.")
        return origins

    def read_smtp(self, text: str) -> str:
        """A mail server's address, which is never repeated: it may hold a password."""
        match = _must_match(SMTP_URL, text, "Not smtp://[user:password@]host[:port].")
        if int(match["port"] or 0) > 65535:
            raise ValidationError("Its port is not one: 1 to 65535.")
        return text

    def read_sender(self, text: str) -> Address:
        """An address, with a name before it or none: Contas <contas@example.com>."""
        match = _must_match(SENDER, text, "Not an address such as Contas <contas@example.com>.")
        name = (match["name"] or "").strip().strip('"')
        return Address(name, addr_spec=match["address"])

    def read_frontend(self, text: str) -> str:
        """The front end's address, to which the pages' paths are added."""
        _must_match(FRONTEND_URL, text, "Not an address such as https://app.example.com.")
        return text.rstrip("/")

    @pre_load
    def take_aliases_and_drop_blanks(self, raw: Mapping[str, str], **_: object) -> dict[str, str]:
        """A variable set to nothing counts as not set: that is how compose files unset one."""
        given = {name: value.strip() for name, value in raw.items() if value and value.strip()}
        if "APP_PORT" in given:
            given.setdefault("PORT", given["APP_PORT"])
        try:
            return read_secret_files(given, SECRETS)
        except SecretFileError as error:
            raise ValidationError(error.fault, error.variable) from None


def _must_match(pattern: re.Pattern[str], text: str, fault: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValidationError(fault)
    return match


VARIABLES = (
    *(field.data_key for field in SettingsForm().fields.values()),
    *(name + ENDING for name in SECRETS),
)
