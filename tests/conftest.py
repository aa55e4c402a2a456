"""Shared fixtures: an embedded database, an application in this process, and a real server."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from bson import ObjectId
from flask import Flask

from app.clock import now
from app.config import load_settings
from app.factory import create_app
from app.locales import LOCALES
from app.models.connection import client
from app.models.indexes import DOCUMENTS, build_indexes
from app.models.signing_key import SigningKey
from app.security import key_ring, throttle
from tests.client import Client
from tests.commands import COMMANDS
from tests.processes import start_database, stop
from tests.servers import Server, start_server

SECRET_KEY = "only-for-tests-" + "0123456789" * 5
ENVIRONMENT = {
    "FLASK_ENV": "testing",
    "SECRET_KEY": SECRET_KEY,
    "BCRYPT_ROUNDS": "4",
    "DATABASE_TIMEOUT_MS": "60000",  # a slow machine must not look like an unreachable database
    "THROTTLE_ADDRESS_FAILURES": "1000",  # all tests send requests from one address
    "COMPILED": os.environ.get("COMPILED", "true"),  # .ci/run runs the API's tests both ways
    "ENV_FILE": os.devnull,
    "FLASK_SKIP_DOTENV": "1",
}


NEED_TOOLS = ("apollo", "audit", "browser", "container")  # folders: node, Chromium, buildah, nginx


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL set, as .ci/run does, fail a test that is skipped for lack of a tool."""
    report = yield
    needs_tools = item.path.parent.name in NEED_TOOLS
    if report.skipped and needs_tools and os.environ.get("REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not be skipped (REQUIRE_ALL): {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def database_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of an embedded database that runs as long as the tests."""
    process, uri = start_database(tmp_path_factory.mktemp("data"))
    yield uri
    stop(process)


@pytest.fixture(scope="session")
def app(database_uri: str) -> Iterator[Flask]:
    """The application in this process, with its indexes built."""
    app = create_app(load_settings({**ENVIRONMENT, "MONGODB_URI": database_uri}))
    build_indexes()
    yield app
    client().close()


@pytest.fixture
def api(app: Flask) -> Iterator[Client]:
    """A GraphQL client of the application in this process, over an empty database."""
    for document in DOCUMENTS:
        document._get_collection().delete_many({})
    key_ring.forget_keys()
    yield Client(app.test_client())
    SigningKey._get_collection().delete_many({})  # else live_server might sign with a removed key
    key_ring.forget_keys()


@pytest.fixture
def locale_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable, empty package for language folders. Its additions are removed afterwards."""
    ours, folder = dict(LOCALES), tmp_path / f"texts_{ObjectId()}"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    LOCALES.clear()
    LOCALES.update(ours)


@pytest.fixture
def stopped_throttle_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for the throttle of this process while the test runs."""
    at = now()
    monkeypatch.setattr(throttle, "now", lambda: at)


@pytest.fixture
def commands(api: Client) -> list[str]:
    """The names of the commands sent to the database since the test began."""
    key_ring.read_keys()  # so that no request reads them for half a minute
    COMMANDS.names.clear()
    return COMMANDS.names


@pytest.fixture(scope="session")
def live_server(
    app: Flask, database_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A real server with two workers on a free port, started as in production."""
    folder: Path = tmp_path_factory.mktemp("server")
    server = start_server(
        {**ENVIRONMENT, "MONGODB_URI": database_uri, "WORKERS": "2", "GRAPHIQL": "true"}, folder
    )
    yield server
    stop(server.process)
