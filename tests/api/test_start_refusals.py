"""A wrong setting prevents the start: one line names its variable, and the exit code is 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENT
from tests.processes import ROOT
from tests.servers import free_port

SERVER = ("-m", "app.web.server.serve")
WORKER = ("-m", "app.worker")
FLASK = ("-m", "flask", "--app", "application", "db", "indexes")
DEVELOPMENT_SERVER = ("-m", "development.server")
DEVELOPMENT_WORKER = ("-m", "development.worker")
NOBODY = "mongodb://127.0.0.1:1/accounts"
PRODUCTION = {
    "FLASK_ENV": "production",
    "MONGODB_URI": NOBODY,
    "GRAPHIQL": "false",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_FROM": "contas@example.com",
    "FRONTEND_URL": "https://app.example.com",
}
NO_MANIFEST = "Not a manifest of the format apollo-persisted-query-manifest."
NO_URI = "MONGODB_URI: Not an address that the driver understands.\n"


def run_refused(program: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """Run a program that must end with exit code 2; return the one line that it writes."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    run = subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env={**clean, **ENVIRONMENT, **PRODUCTION, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1), run
    return run.stderr


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port on which another program already listens, with SO_REUSEPORT set."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("program", [SERVER, DEVELOPMENT_SERVER])
@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("203.0.113.7", "203.0.113.7 is not an address of this machine."),
        ("nowhere.invalid", "nowhere.invalid is not an address."),
        ("999.1.1.1", "999.1.1.1 is not an address."),
        ("http://x", "http://x is not an address."),
    ],
)
def test_refuses_a_host_that_cannot_be_bound(
    program: tuple[str, ...], host: str, reason: str
) -> None:
    assert run_refused(program, {"HOST": host, "PORT": str(free_port())}) == f"HOST: {reason}\n"


@pytest.mark.parametrize("program", [SERVER, DEVELOPMENT_SERVER])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_refuses_a_port_in_use(program: tuple[str, ...], host: str, taken_port: str) -> None:
    refusal = run_refused(program, {"HOST": host, "PORT": taken_port})
    assert refusal == f"PORT: Port {taken_port} is in use on {host}.\n"


def test_refuses_a_metrics_port_in_use(taken_port: str) -> None:
    given = {"HOST": "127.0.0.1", "PORT": str(free_port()), "METRICS_PORT": taken_port}
    assert (
        run_refused(SERVER, given) == f"METRICS_PORT: Port {taken_port} is in use on 127.0.0.1.\n"
    )


def test_refuses_a_metrics_port_equal_to_the_servers() -> None:
    port = str(free_port())
    given = {"HOST": "127.0.0.1", "PORT": port, "METRICS_PORT": port}
    assert run_refused(SERVER, given) == "METRICS_PORT: The same as PORT; give it another one.\n"


def test_refuses_to_start_without_a_writable_metrics_folder(tmp_path: Path) -> None:
    # Python falls back to other folders, last the current one: none may be writable
    program = "import tempfile; tempfile.tempdir = '/nowhere'; from app.web.server import serve;"
    given = {"HOST": "127.0.0.1", "PORT": str(free_port()), "METRICS_TOKEN": "0123456789abcdef"}
    assert run_refused(("-c", f"{program} serve.main()"), given).startswith("TMPDIR: ")


@pytest.mark.parametrize("program", [SERVER, WORKER, FLASK, DEVELOPMENT_SERVER])
@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://host/?ssl=maybe",
        "mongodb://host/?maxPoolSize=abc",
        "mongodb://host:99999/?readPreference=nearest_",
        "mongodb://host/?tls=true&tlsCAFile=/nowhere",
        "mongodb://user:segredo@@host/",
    ],
)
def test_refuses_a_database_uri_that_the_driver_refuses(program: tuple[str, ...], uri: str) -> None:
    assert run_refused(program, {"MONGODB_URI": uri, "PORT": str(free_port())}) == NO_URI


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://host/?readPreference=nearest_",
        "mongodb://host/?minPoolSize=-1",
        "mongodb://host/?wtimeoutMS=x",
        "mongodb://host:a",
        "mongodb://[::1/x",
        "mongodb://host/?authMechanism=NONE",
        "mongodb://host/?nonsense=1",
        "mongodb://host/?uuidRepresentation=none",
        "mongodb://host/?retryWrites=maybe",
        "mongodb://host/a b",
        f"mongodb://host/?appName={'a' * 200}",
        "mongodb://one,two/?directConnection=true",
    ],
)
def test_refuses_other_database_uris_that_the_driver_refuses(uri: str) -> None:
    assert run_refused(WORKER, {"MONGODB_URI": uri}) == NO_URI


@pytest.mark.parametrize("program", [SERVER, FLASK])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "Cannot be read: No such file or directory."),
        (b"not JSON", NO_MANIFEST),
        (b"\xff\xfe", NO_MANIFEST),
        (b"[]", NO_MANIFEST),
        (
            b'{"format": "apollo-persisted-query-manifest", "operations": [{"id": "a"}]}',
            NO_MANIFEST,
        ),
        (
            b'{"format": "apollo-persisted-query-manifest", "operations": [{"id": 1, "body": 1}]}',
            NO_MANIFEST,
        ),
    ],
)
def test_refuses_trusted_documents_that_are_no_manifest(
    program: tuple[str, ...], content: bytes | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "trusted.json"
    if content is not None:
        file.write_bytes(content)
    given = {"TRUSTED_DOCUMENTS": str(file), "PORT": str(free_port())}
    assert run_refused(program, given) == f"TRUSTED_DOCUMENTS: {reason}\n"


@pytest.mark.parametrize("program", [SERVER, WORKER, FLASK, DEVELOPMENT_SERVER])
@pytest.mark.parametrize("variable", ["MONGODB_URI_FILE", "SMTP_URL_FILE"])
def test_refuses_a_secret_file_that_cannot_be_read(
    program: tuple[str, ...], variable: str, tmp_path: Path
) -> None:
    given = {variable.removesuffix("_FILE"): "", variable: str(tmp_path)}
    assert run_refused(program, given) == f"{variable}: Cannot be read: Is a directory.\n"


@pytest.mark.parametrize(
    ("program", "worker"),
    [(WORKER, "The worker"), (DEVELOPMENT_WORKER, None)],
)
def test_refuses_a_worker_without_a_mail_server(
    program: tuple[str, ...], worker: str | None
) -> None:
    production = run_refused(program, {"SMTP_URL": ""})
    assert production == "SMTP_URL: Production's worker needs one.\n"
    if worker:
        given = {"FLASK_ENV": "development", "SMTP_URL": ""}
        assert run_refused(program, given) == f"SMTP_URL: {worker} needs one.\n"


@pytest.mark.parametrize("program", [SERVER, WORKER, FLASK, DEVELOPMENT_SERVER])
def test_refuses_a_settings_file_that_is_no_text(program: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_bytes(b"PORT=\xff\xfe\n")
    assert run_refused(program, {"ENV_FILE": str(file)}) == "ENV_FILE: Holds no UTF-8 text.\n"
