"""/metrics: what Prometheus reads, behind a token or on a port of its own."""

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
from app.web.http.response import Answer
from app.web.http.response_headers import flask_response
from app.web.telemetry import metrics
from app.web.telemetry.metrics_folder import VARIABLE
from schema.error_presentation import hide_unexpected_errors

PATH = "/metrics"
SLOWEST_SCRAPER = 10  # seconds it has to send its request

blueprint = Blueprint("metrics", __name__)


@blueprint.get(PATH)
def page() -> Response:
    """All metrics, to whoever holds METRICS_TOKEN; without one, outside production, to anyone."""
    if not _may_read(request.headers.get("Authorization")):
        raise Unauthorized
    return flask_response(Answer(200, exposition(), CONTENT_TYPE_LATEST))


def exposition() -> bytes:
    """All metrics of all workers in Prometheus's text format, and what the database knows."""
    metrics.sample()
    registry = metrics.REGISTRY
    if folder := os.environ.get(VARIABLE):
        _forget_the_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    shared = CollectorRegistry()
    shared.register(_Shared())
    return generate_latest(registry) + generate_latest(shared)


def serve_apart(host: str, port: int) -> None:
    """Serve /metrics on a port of its own, from now on, in a thread.

    Each worker tries to; the one that has the port tells of all of them, and when it ends another
    takes its place within a second.
    """
    Thread(target=_hold_port, args=(host, port), name="metrics", daemon=True).start()


class _Shared:
    """What all workers have in common: asked when somebody looks, away when the database is."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """prometheus-client's protocol."""
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


def _forget_the_dead(folder: Path) -> None:
    """What a worker that has gone had open or running is no more; what it counted stays."""
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


class _Scrape(BaseHTTPRequestHandler):
    timeout = SLOWEST_SCRAPER

    def do_GET(self) -> None:
        """Answer /metrics, and nothing else."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(404)
        elif not _may_read(self.headers.get("Authorization")):
            self.send_error(401)
        else:
            self._answer()

    def _answer(self) -> None:
        try:
            body = hide_unexpected_errors(exposition, request_id="metrics")
        except AccountError:
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Says nothing of what serves."""
        return ""

    def log_message(self, *_: object) -> None:
        """A scrape every few seconds is no news."""


class _Port(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _hold_port(host: str, port: int) -> None:
    _Port.address_family = AF_INET6 if ":" in host else AF_INET
    while True:
        try:
            server = _Port((host, port), _Scrape)
        except OSError:  # another worker's, as long as it lives
            time.sleep(1)
            continue
        server.serve_forever()
