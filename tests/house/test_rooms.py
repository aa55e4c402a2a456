"""The rooms: imports go down, libraries stop where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FORBIDDEN = {
    "app/accounts": {"flask", "graphene", "graphql", "flask_jwt_extended", "mongoengine"},
    "app/models": {"flask", "graphene", "graphql"},
    "app/validation": {"flask", "graphene", "graphql", "mongoengine"},
    "schema": {"flask", "mongoengine"},
}
OWNED = {
    "mongoengine": {"app/profile_fields.py", "app/models"},
    "flask_jwt_extended": {"app/security/tokens.py"},
    "graphene_mongo": {"schema/types.py"},
    "structlog": {"app/web/telemetry/log_format.py"},
    "prometheus_client": {"app/web/telemetry/metrics.py", "app/web/telemetry/metrics_endpoint.py"},
    "opentelemetry": {"app/web/telemetry/spans.py"},
    "bcrypt": {"app/security/passwords.py"},
    "dotenv": {"app/config.py", "development/mailbox/settings.py"},
    "environs": {"app/environment.py"},
    "smtplib": {"app/mail/smtp.py"},
    "cryptography": {"app/security/keys.py"},
}
MODULES = sorted(
    module for room in ("app", "schema", "development") for module in (ROOT / room).rglob("*.py")
)


def imported(module: Path) -> set[str]:
    """The top names of the packages a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def own(modules: list[Path]) -> list[Path]:
    return [module for module in modules if "node_modules" not in module.parts]


def test_imports_go_down() -> None:
    # in a process of its own: it reconfigures logging
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"]
    linted = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_keeps_libraries_out(room: str) -> None:
    guilty = {
        str(module.relative_to(ROOT)): found
        for module in own(MODULES)
        if module.is_relative_to(ROOT / room) and (found := imported(module) & FORBIDDEN[room])
    }
    assert guilty == {}


def test_the_engine_imports_only_itself_and_graphql() -> None:
    allowed = {"graphql", "graphene", *sys.stdlib_module_names}
    for module in (ROOT / "schema" / "engine").rglob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        ours = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            if node.module.partition(".")[0] == "schema"
        }
        assert imported(module) - allowed <= {"schema"}, module.name
        assert {name for name in ours if not name.startswith("schema.engine")} == set()


@pytest.mark.parametrize("library", OWNED)
def test_a_library_lives_in_one_room(library: str) -> None:
    users = {m.relative_to(ROOT) for m in own(MODULES) if library in imported(m)}
    owners = {owner for user in users for owner in OWNED[library] if user.is_relative_to(owner)}
    strangers = {str(u) for u in users if not any(u.is_relative_to(o) for o in OWNED[library])}
    assert (owners, strangers) == (OWNED[library], set())


def test_every_module_says_what_lives_there() -> None:
    silent = [
        str(module.relative_to(ROOT))
        for module in own(MODULES)
        if not ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    ]
    assert silent == []
