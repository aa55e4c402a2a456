"""Rooms: imports go downwards, and each library is used where it belongs."""

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


def find_imports(module: Path) -> set[str]:
    """Return the top-level names of the packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def select_own_modules(modules: list[Path]) -> list[Path]:
    return [module for module in modules if "node_modules" not in module.parts]


def test_imports_go_downwards() -> None:
    # in a separate process: it reconfigures logging
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"]
    linted = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_does_not_import_libraries_of_others(room: str) -> None:
    guilty = {
        str(module.relative_to(ROOT)): found
        for module in select_own_modules(MODULES)
        if module.is_relative_to(ROOT / room) and (found := find_imports(module) & FORBIDDEN[room])
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
        assert find_imports(module) - allowed <= {"schema"}, module.name
        assert {name for name in ours if not name.startswith("schema.engine")} == set()


@pytest.mark.parametrize("library", OWNED)
def test_a_library_is_imported_in_one_room_only(library: str) -> None:
    users = {m.relative_to(ROOT) for m in select_own_modules(MODULES) if library in find_imports(m)}
    owners = {owner for user in users for owner in OWNED[library] if user.is_relative_to(owner)}
    strangers = {str(u) for u in users if not any(u.is_relative_to(o) for o in OWNED[library])}
    assert (owners, strangers) == (OWNED[library], set())


def test_every_module_has_a_docstring() -> None:
    silent = [
        str(module.relative_to(ROOT))
        for module in select_own_modules(MODULES)
        if not ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    ]
    assert silent == []
