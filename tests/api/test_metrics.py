"""Metrics: what Prometheus reads of all workers, and who may read it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app.clock import now
from app.config import SettingsError
from app.web.http.request import IncomingRequest
from app.web.telemetry import metrics
from app.web.telemetry.metrics_folder import VARIABLE, fresh_folder
from schema.engine.execution import Parameters
from schema.executor import build_executor
from schema.root import build_schema
from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.processes import start_database, stop
from tests.servers import Server, free_port, start_server
from tests.waiting import HANG, wait_until

TOKEN = "metrics-0123456789"
PRESENTED = {"Authorization": f"Bearer {TOKEN}"}


def parse_samples(text: str) -> dict[str, float]:
    """Return {name{label="value"}: value} of an exposition."""
    return {
        sample.name
        + "".join(f",{label}={value}" for label, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(api: Client) -> dict[str, float]:
    return parse_samples(api.http.get("/metrics").text)


def count_increase(api: Client, before: dict[str, float], prefix: str) -> dict[str, float]:
    """Return what was counted since `before`, of the names that begin with `prefix`."""
    return {
        name: value - before.get(name, 0)
        for name, value in scrape(api).items()
        if name.startswith(prefix) and value != before.get(name, 0)
    }


def find_worker_pids(server: Server) -> list[int]:
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def read(url: str) -> dict[str, float]:
    answer = requests.get(f"{url}/metrics", headers=PRESENTED, timeout=HANG)
    assert answer.status_code == 200
    return parse_samples(answer.text)


@pytest.fixture(autouse=True)
def _forget_operation_names(app: Flask) -> None:
    """Forget the operation names of earlier tests in this process: their number is limited."""
    metrics.update()
    metrics._operation_names.clear()


def test_counts_requests_by_operation_and_outcome(api: Client) -> None:
    api.send("query Known { __typename }")
    before = scrape(api)
    for _ in range(3):
        api.send("query Known { __typename }")
    api.send("query Known { me { id } }")
    api.send("{ __typename }")
    api.send("{ me")
    api.send("query NeverWell { me { id } }")
    assert count_increase(api, before, "accounts_requests_total") == {
        "accounts_requests_total,operation=Known,outcome=OK": 3,
        "accounts_requests_total,operation=Known,outcome=TOKEN_MISSING": 1,
        "accounts_requests_total,operation=anonymous,outcome=OK": 1,
        "accounts_requests_total,operation=none,outcome=SYNTAX_ERROR": 1,
        "accounts_requests_total,operation=other,outcome=TOKEN_MISSING": 1,
    }
    assert count_increase(api, before, "accounts_request_seconds_count") == {
        "accounts_request_seconds_count,operation=Known": 4,
        "accounts_request_seconds_count,operation=anonymous": 1,
        "accounts_request_seconds_count,operation=none": 1,
        "accounts_request_seconds_count,operation=other": 1,
    }


def test_a_latency_is_counted_in_its_bucket(api: Client) -> None:
    for seconds in (0.005, 0.0051, 0.3, 60):
        metrics.count_request(_make_named_request("Timed"), 200, seconds)
    told = {
        name.split("le=")[1].split(",")[0]: value
        for name, value in scrape(api).items()
        if name.startswith("accounts_request_seconds_bucket") and "=Timed" in name
    }
    expected = {"0.005": 1, "0.01": 2, "0.025": 2, "0.05": 2, "0.1": 2, "0.25": 2, "0.5": 3}
    assert told == expected | {"1.0": 3, "2.5": 3, "5.0": 3, "+Inf": 4}
    assert scrape(api)["accounts_request_seconds_sum,operation=Timed"] == pytest.approx(60.3101)


def test_counts_every_one_of_concurrent_requests(api: Client) -> None:
    before, answered = scrape(api), _make_named_request("Many")
    for _ in range(2500):
        metrics.count_request(answered, 200, 0.001)
    assert count_increase(api, before, "accounts_requests_total") == {
        "accounts_requests_total,operation=Many,outcome=OK": 2500
    }


def _make_named_request(name: str) -> IncomingRequest:
    """Return a request that ran an operation of this name."""
    incoming = IncomingRequest({"REQUEST_METHOD": "POST", "PATH_INFO": "/graphql"})
    incoming.route = "/graphql"
    parameters = Parameters(f"query {name} {{ __typename }}")
    incoming.operation = build_executor(build_schema()).prepare(parameters)
    return incoming


def test_distinguishes_at_most_a_hundred_operation_names(api: Client) -> None:
    before = scrape(api)
    for number in range(110):
        api.send(f"query Made{number} {{ __typename }}")
    told = count_increase(api, before, "accounts_requests_total")
    assert told.pop("accounts_requests_total,operation=other,outcome=OK") == 10
    assert told == {
        f"accounts_requests_total,operation=Made{number},outcome=OK": 1 for number in range(100)
    }


def test_counts_logins_by_result(api: Client) -> None:
    given = person()
    api.register(given)
    before = scrape(api)
    api.login(given["email"], given["password"])
    for _ in range(6):
        api.login(given["email"], "another password")
    api.login("no address", "another password")
    assert count_increase(api, before, "accounts_logins_total") == {
        "accounts_logins_total,result=success": 1,
        "accounts_logins_total,result=refused": 5,
        "accounts_logins_total,result=throttled": 1,
        "accounts_logins_total,result=invalid": 1,
    }
    assert count_increase(api, before, "accounts_throttled_total") == {
        "accounts_throttled_total,action=login": 1
    }


def test_counts_other_answers_by_route_and_status(api: Client) -> None:
    before = scrape(api)
    api.http.get("/health/live")
    api.http.get("/ana@example.com")
    told = count_increase(api, before, "accounts_http_responses_total")
    assert told.pop("accounts_http_responses_total,route=/metrics,status=200") == 1
    assert told == {
        "accounts_http_responses_total,route=/health/live,status=200": 1,
        "accounts_http_responses_total,route=none,status=404": 1,
    }


def test_reports_how_much_mail_is_waiting(api: Client) -> None:
    assert scrape(api)["accounts_outbox_mails"] == 0
    began = now()
    api.register(person())
    told = scrape(api)
    assert told["accounts_outbox_mails"] == 1
    assert 0 <= told["accounts_outbox_oldest_seconds"] <= (now() - began).total_seconds()
    assert told["accounts_database_up"] == 1


def test_reports_connections_and_hashing(api: Client) -> None:
    api.register(person())
    told = scrape(api)
    assert told["accounts_database_connections,state=open"] >= 1
    assert told["accounts_database_connections,state=in_use"] == 0
    assert told["accounts_hashing,state=running"] == 0
    assert told["accounts_hashing,state=waiting"] == 0


@pytest.fixture(scope="module")
def metrics_server(
    database_uri: str, app: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, int]]:
    """A server of two workers whose metrics need a token, and the separate port of the metrics."""
    port = free_port()
    settings = {
        "MONGODB_URI": database_uri,
        "WORKERS": "2",
        "METRICS_TOKEN": TOKEN,
        "METRICS_PORT": str(port),
    }
    server = start_server({**ENVIRONMENT, **settings}, tmp_path_factory.mktemp("metrics"))
    yield server, port
    stop(server.process)


@pytest.mark.parametrize(
    "presented",
    [None, "", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN],
)
def test_refuses_requests_without_the_token(
    metrics_server: tuple[Server, int], presented: str | None
) -> None:
    server, port = metrics_server
    headers = {} if presented is None else {"Authorization": presented}
    for url in (server.url, f"http://127.0.0.1:{port}"):
        answer = requests.get(f"{url}/metrics", headers=headers, timeout=HANG)
        assert answer.status_code == 401
        assert "accounts_" not in answer.text


def test_the_separate_port_serves_nothing_else(metrics_server: tuple[Server, int]) -> None:
    _, port = metrics_server
    for path in ("/", "/graphql", "/metrics/", "/health/live"):
        answer = requests.get(f"http://127.0.0.1:{port}{path}", headers=PRESENTED, timeout=HANG)
        assert answer.status_code == 404


def test_sums_the_counts_of_all_workers(metrics_server: tuple[Server, int]) -> None:
    server, port = metrics_server
    client = Client(Socket(server.url))
    wait_until(lambda: read(server.url).get("accounts_workers") == 2)
    before = read(server.url)
    for _ in range(40):  # one connection each, so that both workers answer some
        client.send("{ __typename }")
    # a worker that does not serve the scrape writes its counts every second
    anonymous = "accounts_requests_total,operation=anonymous,outcome=OK"
    wait_until(lambda: read(server.url).get(anonymous, 0) - before.get(anonymous, 0) >= 40)
    for url in (server.url, f"http://127.0.0.1:{port}"):
        told = read(url)
        for name in (
            "accounts_requests_total,operation=anonymous,outcome=OK",
            "accounts_request_seconds_bucket,le=+Inf,operation=anonymous",
            "accounts_request_seconds_count,operation=anonymous",
        ):
            assert told[name] - before.get(name, 0) == 40
        assert told["accounts_logins_total,result=success"] == 0


def test_the_counts_of_a_killed_worker_are_kept(
    metrics_server: tuple[Server, int],
) -> None:
    server, port = metrics_server
    name = "accounts_requests_total,operation=anonymous,outcome=OK"
    earlier = read(server.url).get(name, 0)
    Client(Socket(server.url)).send("{ __typename }")
    wait_until(lambda: read(server.url).get(name, 0) > earlier)  # whichever of them answered
    before = read(server.url)[name]
    assert before == earlier + 1
    for _ in range(2):  # whichever of them held the port
        victim = min(find_worker_pids(server))
        os.kill(victim, signal.SIGKILL)
        told = wait_until(lambda victim=victim: read_after_restart(victim, server, port))
    assert told[name] == before


def read_after_restart(victim: int, server: Server, port: int) -> dict[str, float] | None:
    """Return the metrics once two workers are counted and `victim` is none of them, else None."""
    try:
        told = read(f"http://127.0.0.1:{port}")
    except requests.ConnectionError:
        return None
    return (
        told if told["accounts_workers"] == 2 and victim not in find_worker_pids(server) else None
    )


def test_a_scrape_succeeds_without_the_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    database, uri = start_database(tmp_path_factory.mktemp("data"))
    settings = {"MONGODB_URI": uri, "WORKERS": "1", "METRICS_TOKEN": TOKEN}
    settings |= {"DATABASE_TIMEOUT_MS": "3000"}
    server = start_server({**ENVIRONMENT, **settings}, tmp_path_factory.mktemp("server"))
    try:
        assert read(server.url)["accounts_database_up"] == 1
        stop(database)
        told = read(server.url)
        assert told["accounts_database_up"] == 0
        assert "accounts_outbox_mails" not in told
        assert told["accounts_workers"] == 1
    finally:
        stop(server.process)


def test_production_serves_no_metrics_by_default(
    database_uri: str, app: object, tmp_path: Path
) -> None:
    settings = {"MONGODB_URI": database_uri, "WORKERS": "1", "FLASK_ENV": "production"}
    settings |= {"DRAIN_SECONDS": "0"}
    server = start_server({**ENVIRONMENT, **settings}, tmp_path)
    try:
        answer = requests.get(f"{server.url}/metrics", headers=PRESENTED, timeout=HANG)
        assert answer.status_code == 404
    finally:
        stop(server.process)


def test_the_metrics_folder_is_created_empty_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # and whatever it was, afterwards
    folders = []
    for _ in range(2):
        with fresh_folder():
            folders.append(Path(os.environ[VARIABLE]))
            assert list(folders[-1].iterdir()) == []
            (folders[-1] / "counter_1.db").write_bytes(b"")
    assert folders[0] != folders[1]
    assert [folder.exists() for folder in folders] == [False, False]


def test_refuses_to_start_without_a_usable_metrics_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "away"))
    with pytest.raises(SettingsError, match=r"^TMPDIR: .*No such file"), fresh_folder():
        pass
