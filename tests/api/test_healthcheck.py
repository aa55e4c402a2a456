"""The command behind the image's HEALTHCHECK: whether this container's server answers."""

import pytest

from app.web.server import healthcheck
from tests.conftest import ENVIRONMENT
from tests.servers import Server, free_port


def status_of(port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status of the command in a container whose server listens on `port`."""
    for name, value in {**ENVIRONMENT, "PORT": str(port)}.items():
        monkeypatch.setenv(name, value)
    return healthcheck.main()


def test_exits_0_while_the_server_answers(
    live_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status_of(int(live_server.url.rpartition(":")[2]), monkeypatch) == 0


def test_exits_1_when_no_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of(free_port(), monkeypatch) == 1
