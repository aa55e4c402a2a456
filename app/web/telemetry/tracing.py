"""Turns traces on where OTEL_EXPORTER_OTLP_ENDPOINT is set and requirements/otel.txt is installed.

While they are off, OpenTelemetry is not imported and adds nothing to a request.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from app.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)
_spans: Any = None  # app.web.telemetry.spans, once traces are on


def configure(settings: Settings) -> None:
    """Turn traces on if the settings ask for them; log a warning if they are not installed.

    Call it before the database's client is made, and before the functions below.
    """
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


def trace_requests(application: F) -> F:
    """Return the WSGI application with a span for each request; unchanged while traces are off."""
    return _spans.trace_requests(application) if _spans else application


def trace_operations(run: F) -> F:
    """Return `Executor.run` with a span for each run; unchanged while traces are off."""
    return _spans.trace_operations(run) if _spans else run
