"""/metrics for Prometheus, protected by a token or on a port of its own."""

import hmac
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import AF_INET, AF_INET6
from socketserver import ThreadingTCPServer
from threading import Thread

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from werkzeug.exceptions import Unauthorized

from app.clock import now
from app.config import current
from app.errors import AccountError
from app.models.outgoing_mail import waiting
from app.web.http.response import HttpResponse
from app.web.http.response_headers import to_flask_response
from app.web.telemetry import metrics
from app.web.telemetry.metrics_folder import VARIABLE
from schema.error_presentation import hide_unexpected_errors

PATH = "/metrics"
REQUEST_SECONDS = 10  # that Prometheus has to send its request

blueprint = Blueprint("metrics", __name__)


@blueprint.get(PATH)
def show_metrics() -> Response:
    """Return all metrics. Requires METRICS_TOKEN if it is set; production demands one."""
    if not _may_read(request.headers.get("Authorization")):
        raise Unauthorized
    return to_flask_response(HttpResponse(200, render_metrics(), CONTENT_TYPE_LATEST))


def render_metrics() -> bytes:
    """Return the metrics of all workers and of the database in Prometheus's text format."""
    metrics.update()
    registry = metrics.REGISTRY
    if folder := os.environ.get(VARIABLE):
        _remove_ended_workers(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    shared = CollectorRegistry()
    shared.register(_DatabaseCollector())
    return generate_latest(registry) + generate_latest(shared)


def serve_on_own_port(host: str, port: int) -> None:
    """Serve /metrics on a port of its own, in a thread.

    Each worker tries to bind the port. The one that succeeds serves the metrics of all workers;
    when it ends, another takes its place within a second.
    """
    Thread(target=_serve_port, args=(host, port), name="metrics", daemon=True).start()


class _DatabaseCollector:
    """The metrics that are read from the database at each scrape, the same for all workers."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the metrics (prometheus-client's protocol)."""
        up = GaugeMetricFamily("accounts_database_up", "Whether the database answers: 1 or 0.")
        try:
            outbox = waiting()
        except AccountError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        age = (now() - outbox.oldest_at).total_seconds() if outbox.oldest_at else 0
        yield GaugeMetricFamily("accounts_outbox_mails", "Mail not sent yet.", outbox.mails)
        yield GaugeMetricFamily(
            "accounts_outbox_oldest_seconds", "For how long the oldest of it has waited.", age
        )


def _may_read(authorization: str | None) -> bool:
    token = current().metrics_token
    if token is None:
        return True
    scheme, _, given = (authorization or "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    return same and scheme.lower() == "bearer"


def _remove_ended_workers(folder: Path) -> None:
    """Remove the gauges of workers that have ended. Their counters stay."""
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if not _is_alive(int(pid)):
            mark_process_dead(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _MetricsHandler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        """Serve /metrics and no other path."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(404)
        elif not _may_read(self.headers.get("Authorization")):
            self.send_error(401)
        else:
            self._send_metrics()

    def _send_metrics(self) -> None:
        try:
            body = hide_unexpected_errors(render_metrics, request_id="metrics")
        except AccountError:
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Return no name or version of the server."""
        return ""

    def log_message(self, *_: object) -> None:
        """Log nothing: Prometheus reads every few seconds."""


class _MetricsServer(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _serve_port(host: str, port: int) -> None:
    _MetricsServer.address_family = AF_INET6 if ":" in host else AF_INET
    while True:
        try:
            server = _MetricsServer((host, port), _MetricsHandler)
        except OSError:  # another worker has it
            time.sleep(1)
            continue
        server.serve_forever()
