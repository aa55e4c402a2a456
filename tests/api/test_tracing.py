"""Traces: what an OTLP receiver gets of one request, and no personal data."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.processes import stop
from tests.servers import ROOT, Server, start_server
from tests.waiting import wait_until

proto = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    reason="requirements/otel.txt is not installed: traces are not tested",
)
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)
from opentelemetry.trace import StatusCode  # noqa: E402

from app.web.telemetry.spans import CommandSpans  # noqa: E402

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"}
SERVER, CLIENT, ERROR = 2, 3, 2  # from OTLP's enums


class Receiver:
    """An OTLP/HTTP receiver that stores what it receives."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        received = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    received.append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def resources(self) -> list:
        requests = [proto.ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [resource for request in requests for resource in request.resource_spans]

    def spans(self) -> list:
        return [
            span
            for resource in self.resources()
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def trace(self, trace_id: str, names: set[str]) -> dict:
        """Return the spans of a trace by name, once they have all arrived."""

        def found() -> dict | None:
            spans = {span.name: span for span in self.spans() if span.trace_id.hex() == trace_id}
            return spans if names <= spans.keys() else None

        return wait_until(found)


def read_attributes(span: object) -> dict:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.http.shutdown()
    receiver.http.server_close()


@pytest.fixture(scope="module")
def traced_server(
    receiver: Receiver,
    database_uri: str,
    app: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    settings = {"MONGODB_URI": database_uri, "WORKERS": "1", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    server = start_server({**ENVIRONMENT, **settings}, tmp_path_factory.mktemp("traced"))
    yield server
    stop(server.process)


def test_a_request_is_a_trace_with_spans_of_http_operation_and_commands(
    api: Client, traced_server: Server, receiver: Receiver
) -> None:
    client = Client(Socket(traced_server.url))
    token = client.register(person()).data["register"]["tokens"]["accessToken"]
    answer = client.send(
        "query WhoAmI { me { email } }", token=token, headers={**TRACEPARENT, "X-Request-Id": "r"}
    )
    assert answer.errors == []
    found = receiver.trace(TRACE_ID, {"POST /graphql", "query", "find users"})
    http, operation, command = (found[name] for name in ("POST /graphql", "query", "find users"))
    assert http.parent_span_id.hex() == PARENT_ID
    assert operation.parent_span_id == http.span_id
    assert command.parent_span_id == operation.span_id
    assert (http.kind, command.kind) == (SERVER, CLIENT)
    assert read_attributes(http) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/graphql",
        "request_id": "r",
    }
    told = read_attributes(operation)
    assert [one.string_value for one in told.pop("outcomes").values] == ["OK"]
    assert len(told.pop("graphql.document.hash")) == 16
    assert told == {"graphql.operation.type": "query", "graphql.operation.name": "WhoAmI"}
    assert read_attributes(command) == {
        "db.system.name": "mongodb",
        "db.namespace": read_attributes(command)["db.namespace"],
        "db.operation.name": "find",
        "db.collection.name": "users",
    }


def test_the_log_line_has_the_trace_id(
    traced_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Client(Socket(traced_server.url)).send("{ __typename }", headers=TRACEPARENT)
    (log,) = tmp_path_factory.getbasetemp().glob("traced[0-9]*/server.log")
    assert f'"trace_id":"{TRACE_ID}"' in log.read_text()


def test_traces_have_the_service_name(traced_server: Server, receiver: Receiver) -> None:
    trace_id = "1" * 32
    named = {"traceparent": f"00-{trace_id}-{PARENT_ID}-01"}
    Client(Socket(traced_server.url)).send("{ __typename }", headers=named)
    receiver.trace(trace_id, {"POST /graphql"})
    names = {read_attributes(one.resource)["service.name"] for one in receiver.resources()}
    assert names == {"graphql-accounts"}


def test_an_invalid_traceparent_starts_a_new_trace(
    traced_server: Server, receiver: Receiver
) -> None:
    headers = {"traceparent": "00-nonsense", "X-Request-Id": "malformed"}
    assert Client(Socket(traced_server.url)).send("{ __typename }", headers=headers).status == 200
    http = wait_until(
        lambda: [
            span
            for span in receiver.spans()
            if span.kind == SERVER and read_attributes(span)["request_id"] == "malformed"
        ]
    )
    assert http[0].parent_span_id == b""


def test_no_span_has_personal_data(api: Client, traced_server: Server, receiver: Receiver) -> None:
    trace_id = "2" * 32
    named = {"traceparent": f"00-{trace_id}-{PARENT_ID}-01"}
    client, given = Client(Socket(traced_server.url)), person(cpfCnpj="529.982.247-25")
    tokens = client.register(given, headers=named).data["register"]["tokens"]
    assert client.register(given, headers=named).reason == "ALREADY_EXISTS"
    client.login(given["email"], "wrong password", headers=named)
    client.login(given["email"], given["password"], headers=named)
    client.refresh(tokens["refreshToken"], headers=named)
    client.send("query ($e: Int!) { __typename }", {"e": given["email"]}, headers=named)
    last = {"traceparent": f"00-{'3' * 32}-{PARENT_ID}-01"}
    client.send("{ __typename }", headers=last)
    receiver.trace("3" * 32, {"POST /graphql"})
    found = receiver.trace(trace_id, {"POST /graphql", "mutation", "find users"})
    assert len(found) > 3
    sent = b"".join(receiver.bodies)
    secrets = [given["email"], given["email"].split("@")[0], given["fullName"], given["password"]]
    secrets += ["52998224725", "529.982.247-25", tokens["accessToken"], tokens["refreshToken"]]
    assert [secret for secret in secrets if secret.encode() in sent] == []


def test_buffered_spans_are_sent_when_the_server_ends(
    receiver: Receiver, database_uri: str, app: object, tmp_path: Path
) -> None:
    settings = {"MONGODB_URI": database_uri, "WORKERS": "1", "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{receiver.url}/"}
    server = start_server({**ENVIRONMENT, **settings}, tmp_path)
    trace_id = "4" * 32
    named = {"traceparent": f"00-{trace_id}-{PARENT_ID}-01"}
    Client(Socket(server.url)).send("{ __typename }", headers=named)
    assert trace_id not in {span.trace_id.hex() for span in receiver.spans()}
    stop(server.process)
    receiver.trace(trace_id, {"POST /graphql", "query"})


PROGRAM = "import sys; {hide} from app.factory import create_app; app = create_app(); {show}"
SHOW = "print('opentelemetry' in sys.modules, type(app.wsgi_app).__name__)"


def run_program(environment: dict[str, str], hide: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(hide=hide, show=SHOW)],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_opentelemetry_is_not_imported_when_tracing_is_off() -> None:
    done = run_program({})
    assert (done.stdout, done.stderr) == ("False WsgiDispatch\n", "")


def test_tracing_without_the_packages_is_a_warning() -> None:
    hide = (
        "sys.meta_path.insert(0, type('Away', (), {'find_spec': staticmethod(lambda name, *_:"
        " (_ for _ in ()).throw(ImportError(name)) if name.startswith('opentelemetry') else None"
        ")})());"
    )
    done = run_program({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, hide)
    assert done.stdout == "False WsgiDispatch\n"
    (line,) = done.stderr.splitlines()
    assert "requirements/otel.txt is not installed" in line


def test_no_span_has_the_message_of_a_database_error(database_uri: str) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    listener = CommandSpans(tracer)
    with MongoClient(database_uri, event_listeners=[listener]) as client:
        with tracer.start_as_current_span("request"), pytest.raises(OperationFailure) as refused:
            client.test.people.find_one({"email": {"$segredo": 1}})
        client.test.people.find_one({})  # outside a request: no span
    assert "segredo" in str(refused.value)
    command, _request = exporter.get_finished_spans()
    assert (command.name, command.status.status_code) == ("find people", StatusCode.ERROR)
    assert command.attributes["error.type"]
    assert (command.status.description, command.events) == (None, ())
    assert "segredo" not in command.to_json()
