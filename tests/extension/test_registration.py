"""EXTENSIONS: one that cannot be registered ends each program with one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import load_settings
from app.extension import Extension, Parts, load_parts, register_extensions
from app.locales import LOCALES
from schema.root import make_root
from tests.conftest import ENVIRONMENT
from tests.servers import ROOT

PROGRAMS = {
    "server": ("-m", "app.web.server.serve"),
    "worker": ("-m", "app.worker"),
    "command": ("-m", "flask", "--app", "application", "db", "indexes"),
}
DECLARE = "from app.extension import Extension\n"
FAULTY = {
    "": "EXTENSIONS: faulty defines no EXTENSION.",
    "import nowhere": "EXTENSIONS: faulty cannot be imported: No module named 'nowhere'.",
    DECLARE + "EXTENSION = Extension(name='faulty', parts='faulty.nowhere')": (
        "EXTENSIONS: faulty.nowhere cannot be imported: No module named 'faulty.nowhere'"
    ),
    DECLARE
    + "from app.permissions import Role\n"
    + "EXTENSION = Extension(name='faulty', roles=[Role('ADMIN', 'Another.')])": (
        "EXTENSIONS: faulty: the name ADMIN is taken."
    ),
    DECLARE
    + "from app.profile_fields import ProfileField\n"
    + "fields = [ProfileField(name='address', description='Another.')]\n"
    + "EXTENSION = Extension(name='faulty', profile_fields=fields)": "EXTENSIONS: faulty: ",
}
REASON = """
from app.errors import AnyErrorReason, ErrorCode
class Reason(AnyErrorReason):
    NEW_REASON = ErrorCode.CONFLICT, "New."
EXTENSION = Extension(name="faulty", error_reasons=Reason)
"""


def run(
    tmp_path: Path, program: str, source: str, locale: str = "pt-BR"
) -> subprocess.CompletedProcess:
    (tmp_path / "faulty.py").write_text(source)
    environment = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path), "EXTENSIONS": "faulty"}
    environment["DEFAULT_LOCALE"] = locale
    environment |= {"SMTP_URL": "smtp://127.0.0.1:9", "MONGODB_URI": "mongodb://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_module_without_an_extension_ends_each_program(tmp_path: Path, program: str) -> None:
    ended = run(tmp_path, program, "")
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [FAULTY[""]]


@pytest.mark.parametrize("source", [source for source in FAULTY if source])
def test_reports_each_kind_of_fault(tmp_path: Path, source: str) -> None:
    ended = run(tmp_path, "worker", source)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(FAULTY[source])


def test_reports_each_language_that_lacks_a_text(tmp_path: Path) -> None:
    ended = run(tmp_path, "worker", DECLARE + REASON)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"EXTENSIONS: {tag}: no sentence for NEW_REASON" for tag in LOCALES
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_unknown_default_language_ends_each_program(tmp_path: Path, program: str) -> None:
    ended = run(tmp_path, program, DECLARE + "EXTENSION = Extension(name='faulty')", "qaa")
    assert ended.returncode == 2
    assert ended.stderr == "DEFAULT_LOCALE: Must be one of: pt-BR, en, es.\n"


def test_an_extension_that_comes_too_late_is_a_programming_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_extension.py").write_text(DECLARE + "EXTENSION = Extension(name='late')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RuntimeError, match="late_extension comes too late"):
        register_extensions(load_settings({**ENVIRONMENT, "EXTENSIONS": "late_extension"}))


def test_the_administration_is_registered_like_any_extension() -> None:
    register_extensions(load_settings(ENVIRONMENT))  # a second time: nothing happens
    (parts,) = load_parts()
    assert {"user", "users"} == parts.queries.keys()
    assert {"set_user_active", "set_user_roles", "delete_user"} == parts.mutations.keys()
    assert [command.name for command in parts.commands] == ["accounts"]
    assert isinstance(parts, Parts)


def test_two_root_fields_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Query\.users is defined twice"):
        make_root("Query", "Queries.", [{"users": object()}, {"users": object()}])  # type: ignore


def test_an_extension_may_be_empty() -> None:
    assert Extension(name="empty").parts == ""
