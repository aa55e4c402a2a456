"""deploy/nginx.conf in a real nginx, in front of two real servers, or of two that fail."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
import requests

from app.errors import ErrorReason
from app.locales import DEFAULT_LOCALE, LOCALES, sentence
from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.processes import stop
from tests.servers import Server, free_port, start_server
from tests.waiting import HANG, wait_until

pytestmark = pytest.mark.container
SHIPPED = Path(__file__).parent.parent.parent / "deploy" / "nginx.conf"
LISTED = re.findall(r'"~\*\^(\w+)\\b" ', SHIPPED.read_text(encoding="utf-8"))
LANGUAGES = [DEFAULT_LOCALE, *dict.fromkeys(LISTED)]
SLOW_CLIENTS = 60


@contextmanager
def run_nginx(servers: list[int], folder: Path) -> Iterator[str]:
    """Run nginx with the shipped settings on a free port, in front of `servers`; yield its URL."""
    if shutil.which("nginx") is None or os.geteuid() != 0:
        pytest.skip("NGINX.CONF IS NOT TESTED: needs root and nginx")
    port, text = free_port(), SHIPPED.read_text(encoding="utf-8")
    for shipped, here in {
        "server-1:5000": f"127.0.0.1:{servers[0]}",
        "server-2:5000": f"127.0.0.1:{servers[1]}",
        "listen 8080": f"listen 127.0.0.1:{port}",
        "/tmp/": f"{folder}/",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    command += ["-g", "daemon off; user root;"]
    subprocess.run([*command, "-t", "-q"], check=True)
    with subprocess.Popen(command) as process:
        try:
            wait_until_it_listens(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_until_it_listens(port: int) -> None:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens)


@contextmanager
def run_two_servers(database_uri: str, folder: Path) -> Iterator[list[Server]]:
    """Run two servers that trust one proxy."""
    settings = {**ENVIRONMENT, "MONGODB_URI": database_uri, "WORKERS": "1", "TRUSTED_PROXIES": "1"}
    with ExitStack() as running:
        started = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            server = start_server(settings, folder / name)
            running.callback(lambda ended=server: stop(ended.process))
            started.append(server)
        yield started


def read_ports(servers: list[Server]) -> list[int]:
    return [int(server.url.rpartition(":")[2]) for server in servers]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def servers(database_uri: str, folder: Path) -> Iterator[list[Server]]:
    """Two servers, shared by the tests that do not harm them."""
    with run_two_servers(database_uri, folder) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(servers: list[Server], folder: Path) -> Iterator[str]:
    """The URL of nginx in front of the servers."""
    with run_nginx(read_ports(servers), folder) as url:
        yield url


def post_query(url: str, query: str = "{ __typename }", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{url}/graphql", json={"query": query}, headers=named, timeout=HANG)


def count_connections(ports: set[int]) -> int:
    """Return how many connections this machine has open to `ports`, from /proc/net/tcp."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[2].rpartition(":")[2], 16) in ports and row[3] == "01" for row in rows)


def test_passes_requests_and_the_client_address_to_the_server(proxy: str) -> None:
    api, forged = Client(Socket(proxy)), {"X-Forwarded-For": "203.0.113.9"}
    registered = api.register(person(), headers=forged)
    token = registered.data["register"]["tokens"]["accessToken"]
    sessions = api.send("{ me { sessions { ipAddress } } }", token=token).data["me"]["sessions"]
    assert sessions == [{"ipAddress": "127.0.0.1"}]


def test_a_valid_request_id_is_kept_and_an_invalid_one_replaced(proxy: str) -> None:
    assert post_query(proxy, X_Request_Id="meu-pedido_1").headers["X-Request-Id"] == "meu-pedido_1"
    made = post_query(proxy, X_Request_Id="meu pedido; 1").headers["X-Request-Id"]
    assert len(made) == 32
    assert made.isalnum()


def test_slow_bodies_stay_in_the_proxy_and_delay_no_others(
    proxy: str, servers: list[Server]
) -> None:
    host, port = proxy.removeprefix("http://").split(":")
    undisturbed = measure_twenty_queries(proxy)
    begun = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with ExitStack() as opened:
        for _ in range(SLOW_CLIENTS):
            client = opened.enter_context(socket.create_connection((host, int(port))))
            client.sendall(begun + b'Content-Length: 1000\r\n\r\n{"query"')
        assert (
            measure_twenty_queries(proxy) < 20 * undisturbed
        )  # waiting in a queue would take seconds
        assert count_connections(set(read_ports(servers))) <= 20


def measure_twenty_queries(url: str) -> float:
    started = time.monotonic()
    for _ in range(20):
        assert post_query(url).json() == {"data": {"__typename": "Query"}}
    return time.monotonic() - started


def test_the_other_server_answers_for_a_dead_one_and_nginx_without_any(
    database_uri: str, tmp_path: Path
) -> None:
    with ExitStack() as running:
        one, two = running.enter_context(run_two_servers(database_uri, tmp_path))
        url = running.enter_context(run_nginx(read_ports([one, two]), tmp_path))
        assert post_query(url).status_code == 200
        stop(one.process)
        assert [post_query(url).status_code for _ in range(40)] == [200] * 40
        stop(two.process)
        for language in LANGUAGES:
            expect_unavailable(url, language)


def expect_unavailable(url: str, language: str) -> None:
    answer = post_query(url, Accept_Language=language, X_Request_Id="meu-pedido")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"] == "meu-pedido"
    extensions = {"code": "SERVICE_UNAVAILABLE", "reason": "OVERLOADED"}
    extensions |= {"requestId": "meu-pedido", "retryAfter": 1}
    message = sentence(ErrorReason.OVERLOADED, language, None)
    assert answer.json() == {"errors": [{"message": message, "extensions": extensions}]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_metrics_are_not_public(proxy: str, language: str) -> None:
    answer = requests.get(f"{proxy}/metrics", headers={"Accept-Language": language}, timeout=HANG)
    (error,) = answer.json()["errors"]
    assert answer.status_code == 404
    assert error["message"] == sentence(ErrorReason.DOES_NOT_EXIST, language, "page")
    assert error["extensions"]["reason"] == "DOES_NOT_EXIST"
    assert error["extensions"]["requestId"] == answer.headers["X-Request-Id"]


def test_the_server_refuses_large_bodies_and_the_proxy_much_larger_ones(proxy: str) -> None:
    limits = []
    for size in (100_000, 200_000):
        answer = post_query(proxy, "#" * size)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (413, "BAD_REQUEST")
        assert error["extensions"]["reason"] == "MALFORMED_REQUEST"
        assert error["message"] == sentence(ErrorReason.MALFORMED_REQUEST, DEFAULT_LOCALE)
        limits.append(error["extensions"].get("limit"))
    assert limits == [{"name": "body bytes", "maximum": 65_536}, None]


def test_the_proxy_refuses_in_every_language_of_its_settings(proxy: str) -> None:
    assert set(LANGUAGES) <= set(LOCALES)
    for language in LANGUAGES:
        (error,) = post_query(proxy, "#" * 200_000, Accept_Language=f"{language}-XX").json()[
            "errors"
        ]
        assert error["message"] == sentence(ErrorReason.MALFORMED_REQUEST, language)


@contextmanager
def run_breaking_server(asked: list[bytes]) -> Iterator[int]:
    """Run a server that closes each request without an answer and records its first line."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=take_and_close, args=(listening, asked))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def take_and_close(listening: socket.socket, asked: list[bytes]) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            asked.append(client.recv(65_536).partition(b" ")[0])


@pytest.mark.parametrize(
    ("send", "times"),
    [(post_query, 1), (lambda url: requests.get(f"{url}/graphql", timeout=HANG), 2)],
)
def test_only_safe_requests_are_retried_on_the_other_server(
    send: Callable[[str], requests.Response], times: int, tmp_path: Path
) -> None:
    asked: list[bytes] = []
    with ExitStack() as running:
        servers = [running.enter_context(run_breaking_server(asked)) for _ in range(2)]
        url = running.enter_context(run_nginx(servers, tmp_path))
        assert send(url).status_code == 503
    assert len(asked) == times


def test_logs_one_line_of_json_without_the_query(proxy: str, folder: Path) -> None:
    log = folder / "access.log"
    written = log.read_text().count("\n")
    requests.get(f"{proxy}/graphql?query={{__typename}}&segredo=1", timeout=HANG)
    wait_until(lambda: log.read_text().count("\n") > written)
    line = log.read_text().splitlines()[-1]
    assert '"path":"/graphql","status":200' in line
    assert "segredo" not in line
