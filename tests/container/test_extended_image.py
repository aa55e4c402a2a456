"""An image that extends the product's image by three lines: it serves the extension's fields."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client, Socket
from tests.container.running import Image
from tests.container.test_image import ENVIRONMENT
from tests.factories import person
from tests.servers import ROOT, Server, free_port, wait_until_it_answers

pytestmark = pytest.mark.container
REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { user { phone } } }"


@pytest.fixture(scope="module")
def api(
    extended_image: Image, secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A client of the server in the extended image."""
    log = tmp_path_factory.mktemp("extended") / "server.log"
    port = free_port()
    command = [*extended_image.says["Entrypoint"], *extended_image.says["Cmd"]]
    environment = {**ENVIRONMENT, "PORT": str(port)}
    with log.open("wb") as out:
        container = extended_image.start(command, environment, secrets, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    wait_until_it_answers(Server(container.process, url), log)
    yield Client(Socket(url))
    container.stop()


def test_three_lines_extend_the_image() -> None:
    lines = (ROOT / "examples" / "extension" / "Dockerfile").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0] == "FROM accounts"


def test_the_extended_image_runs_as_the_same_user(extended_image: Image) -> None:
    assert extended_image.says["User"] == "10001"
    assert "EXTENSIONS=support_desk" in extended_image.says["Env"]


def test_the_extended_image_serves_the_extension(api: Client) -> None:
    answer = api.send(REGISTER, {"input": person(phone="+55 11 98765-4321")})
    assert answer.errors == []
    assert answer.data["register"]["user"] == {"phone": "+5511987654321"}
    refused = api.send(REGISTER, {"input": person(phone="1")})
    assert refused.fields == {"phone": "INVALID_PHONE"}
