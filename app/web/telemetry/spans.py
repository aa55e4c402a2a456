"""Spans, as OpenTelemetry has them: the HTTP request, its operation, each command to the database.

They hold names, hashes and statuses: never a variable, a filter, nor what an exception or the
database says of an error, which may repeat a value. That is why OpenTelemetry's instrumentation of
pymongo is not used: it repeats the database's words.
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

_propagator = TraceContextTextMapPropagator()
_tracer: Tracer


def configure(endpoint: str) -> None:
    """Send spans to `endpoint`, in batches, from a thread of this process."""
    global _tracer
    resource = Resource.create()  # of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": NAME}))
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # a worker ends as multiprocessing ends it, without atexit: send what is left
    Finalize(provider, provider.shutdown, exitpriority=1)
    _tracer = provider.get_tracer(NAME)
    monitoring.register(_Commands())


def around_request(application: Callable) -> Callable:
    """The WSGI application, each request a span: of the caller's trace, if it names one."""

    def traced(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        incoming = IncomingRequest.of(environ)
        method = incoming.method if incoming.method in METHODS else "HTTP"
        with _tracer.start_as_current_span(
            method,
            context=_propagator.extract(_carrier(incoming)),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "request_id": incoming.request_id},
            **SILENT,
        ) as span:
            incoming.trace_id = f"{span.get_span_context().trace_id:032x}"

            def started(status: str, *rest: Any) -> Any:
                _end_request(span, int(status[:3]))
                return start_response(status, *rest)

            answer = application(environ, started)
            if incoming.route:
                span.update_name(f"{method} {incoming.route}")
                span.set_attribute("http.route", incoming.route)
            return answer

    return traced


def around_operation(run: Callable) -> Callable:
    """`Executor.run`, each run a span."""

    def traced(operation: Operation, parameters: Parameters, context: Context) -> dict[str, Any]:
        attributes = {
            "graphql.operation.type": operation.kind,
            "graphql.operation.name": (operation.name or "")[:NAME_LENGTH],
            "graphql.document.hash": operation.sha256,
        }
        with _tracer.start_as_current_span(operation.kind, attributes=attributes, **SILENT) as span:
            response = run(operation, parameters, context)
            reasons = [error["extensions"]["reason"] for error in response.get("errors", ())]
            span.set_attribute("outcomes", reasons or ["OK"])
            return response

    return traced


def _carrier(incoming: IncomingRequest) -> dict[str, str]:
    headers = {name: incoming.header(f"HTTP_{name.upper()}") for name in _propagator.fields}
    return {name: value for name, value in headers.items() if value}


def _end_request(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


class _Commands(monitoring.CommandListener):
    """A span for each command that a request sends to the database."""

    def __init__(self) -> None:
        self._spans: dict[tuple, Span] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Begin a span, unless nobody's request asks."""
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
        self._spans[_key(event)] = _tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=attributes
        )

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """End it."""
        span = self._spans.pop(_key(event), None)
        if span:
            span.end()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """End it, with the error's name alone."""
        span = self._spans.pop(_key(event), None)
        if span:
            failure = event.failure
            span.set_attribute(
                "error.type", str(failure.get("codeName") or failure.get("code") or "connection")
            )
            span.set_status(StatusCode.ERROR)
            span.end()


def _key(event: Any) -> tuple:
    return event.connection_id, event.request_id
