""".env.example: every setting with its default, and nothing else."""

import re
from pathlib import Path

from dotenv import dotenv_values

from app.config import EXAMPLE_SECRET_KEY, load_settings
from tests.settings import SECRETS, VARIABLES

EXAMPLE = Path(__file__).parent.parent.parent / ".env.example"
OTHERS = {"FLASK_APP", "ENV_FILE", "MAIL_FOLDER"}
FILES = {f"{name}_FILE" for name in SECRETS}


def read_names() -> set[str]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return {match[1] for line in lines if (match := re.match(r"#? ?([A-Z_]+)=", line))}


def test_has_every_setting_and_no_other() -> None:
    assert read_names() == VARIABLES | OTHERS


def test_every_name_has_a_comment_above_it() -> None:
    blocks = EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks[1:]:
        first, *_ = block.splitlines()
        assert re.match(r"# [^=]+$", first), block


def test_loads_as_a_development_environment() -> None:
    values = {name: value for name, value in dotenv_values(EXAMPLE).items() if value is not None}
    assert values["SECRET_KEY"] == EXAMPLE_SECRET_KEY
    assert load_settings(values).environment == "development"


def test_shows_the_defaults() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    shown = dict(re.findall(r"^#? ?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    left_out = {"SECRET_KEY", "MONGODB_URI", "HOST", "GRAPHIQL", "DEBUG", "CORS_ORIGINS"}
    left_out |= {
        "TRUSTED_DOCUMENTS",
        "SMTP_URL",
        "DRAIN_SECONDS",
        "METRICS_PORT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    } | OTHERS
    given = {name: shown[name] for name in VARIABLES if name not in left_out | FILES}
    assert load_settings({**given, "FLASK_ENV": "development"}) == load_settings(
        {"FLASK_ENV": "development"}
    )
