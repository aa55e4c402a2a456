"""Traces: on where OTEL_EXPORTER_OTLP_ENDPOINT is set and requirements/otel.txt is installed.

Off, OpenTelemetry is not even imported, and no request passes through anything of it.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from app.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)
_spans: Any = None  # app.web.spans, once traces are on


def configure(settings: Settings) -> None:
    """Trace from now on, if it is asked for and can be had. Call it before the database's client
    is made, and before the functions below."""
    global _spans
    if settings.otlp_endpoint is None:
        return
    try:
        from app.web.telemetry import spans
    except ImportError:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but requirements/otel.txt is not installed:"
            " there are no traces"
        )
        return
    spans.configure(settings.otlp_endpoint)
    _spans = spans


def around_request(application: F) -> F:
    """The WSGI application, each of its requests a span; itself where traces are off."""
    return _spans.around_request(application) if _spans else application


def around_operation(run: F) -> F:
    """`Executor.run`, each of its runs a span; itself where traces are off."""
    return _spans.around_operation(run) if _spans else run
