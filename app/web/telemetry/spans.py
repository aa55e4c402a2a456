"""OpenTelemetry spans for the HTTP request, its GraphQL operation and each database command.

They hold names, hashes and statuses. They never hold a variable, a filter, or the message of an
exception or of the database, which may repeat a value. Why these are not OpenTelemetry's own
instrumentations: docs/decisions/0005-traces.md.
"""

from collections.abc import Callable, Iterable
from multiprocessing.util import Finalize
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pymongo import monitoring

from app.web.http.request import IncomingRequest
from app.web.telemetry.request_log import METHODS, NAME_LENGTH
from schema.context import Context
from schema.engine.execution import Operation, Parameters

NAME = "graphql-accounts"
SILENT: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
RunOperation = Callable[[Operation, Parameters, Context], dict[str, Any]]

_propagator = TraceContextTextMapPropagator()
_tracer: Tracer


def configure(endpoint: str) -> None:
    """Send spans to `endpoint` in batches, from a thread of this process."""
    global _tracer
    resource = Resource.create()  # of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": NAME}))
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # workers end without atexit handlers: multiprocessing's finalizer sends the last spans
    Finalize(provider, provider.shutdown, exitpriority=1)
    _tracer = provider.get_tracer(NAME)
    monitoring.register(CommandSpans(_tracer))


def trace_requests(application: WsgiApplication) -> WsgiApplication:
    """Return the application with a span for each request, in the client's trace if it has one."""

    def traced(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        incoming = IncomingRequest.from_environ(environ)
        method = incoming.method if incoming.method in METHODS else "HTTP"
        with _tracer.start_as_current_span(
            method,
            context=_propagator.extract(_read_trace_headers(incoming)),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "request_id": incoming.request_id},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            incoming.trace_id = f"{span.get_span_context().trace_id:032x}"

            def start(status: str, *rest: Any) -> Any:
                _set_http_status(span, int(status[:3]))
                return start_response(status, *rest)

            body = application(environ, start)
            if incoming.route:
                span.update_name(f"{method} {incoming.route}")
                span.set_attribute("http.route", incoming.route)
            return body

    return traced


def trace_operations(run: RunOperation) -> RunOperation:
    """Return `Executor.run` with a span for each run."""

    def traced(operation: Operation, parameters: Parameters, context: Context) -> dict[str, Any]:
        attributes = {
            "graphql.operation.type": operation.kind,
            "graphql.operation.name": (operation.name or "")[:NAME_LENGTH],
            "graphql.document.hash": operation.sha256,
        }
        with _tracer.start_as_current_span(
            operation.kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            response = run(operation, parameters, context)
            reasons = [error["extensions"]["reason"] for error in response.get("errors", ())]
            span.set_attribute("outcomes", reasons or ["OK"])
            return response

    return traced


def _read_trace_headers(incoming: IncomingRequest) -> dict[str, str]:
    headers = {name: incoming.header(f"HTTP_{name.upper()}") for name in _propagator.fields}
    return {name: value for name, value in headers.items() if value}


def _set_http_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


class CommandSpans(monitoring.CommandListener):
    """Makes a span for each command that a request sends to the database."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._spans: dict[tuple[Any, int], Span] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Start a span, but not outside a request."""
        if not get_current_span().get_span_context().is_valid:
            return
        collection = event.command.get(event.command_name)
        attributes = {
            "db.system.name": "mongodb",
            "db.namespace": event.database_name,
            "db.operation.name": event.command_name,
        }
        name = event.command_name
        if isinstance(collection, str):
            attributes["db.collection.name"] = collection
            name = f"{name} {collection}"
        self._spans[_key_of(event)] = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=attributes
        )

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """End the span."""
        span = self._spans.pop(_key_of(event), None)
        if span:
            span.end()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """End the span with the name of the error, without its message."""
        span = self._spans.pop(_key_of(event), None)
        if span:
            failure = event.failure
            span.set_attribute(
                "error.type", str(failure.get("codeName") or failure.get("code") or "connection")
            )
            span.set_status(StatusCode.ERROR)
            span.end()


def _key_of(event: Any) -> tuple[Any, int]:
    return event.connection_id, event.request_id
