"""Builds the application: the only module that imports every room."""

import logging

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from app import events
from app.cli import command_groups
from app.config import Settings
from app.extension import load_parts
from app.models import connection, indexes
from app.models.persisted_operation import StoredOperations
from app.security import tokens
from app.web.http import response_headers
from app.web.http.graphql import Endpoint, GraphQLView
from app.web.http.trusted_documents import read_trusted_documents
from app.web.pages import jwks
from app.web.pages.graphiql import page
from app.web.server import health
from app.web.server.wsgi_dispatch import WsgiDispatch
from app.web.telemetry import metrics, metrics_endpoint, request_log, tracing
from schema.engine.persisted import AutomaticOperations, PersistedOperations, TrustedOperations
from schema.root import build_schema

log = logging.getLogger(__name__)


def assemble(settings: Settings) -> Flask:
    """Return the application. Call app.factory.create_app instead of this."""
    app = Flask("app", static_folder=None)
    app.json = _make_json_provider(app)
    request_log.configure(debug=settings.debug, readable=settings.development)
    tracing.configure(settings)
    metrics.configure(settings)
    response_headers.configure(app)
    tokens.configure(app, settings)
    connection.connect(settings)
    command_groups.configure(app)
    _add_parts(app)
    app.register_blueprint(health.blueprint)
    if settings.serves_metrics:
        app.register_blueprint(metrics_endpoint.blueprint)
    app.register_blueprint(jwks.blueprint)
    endpoint = _make_endpoint(app, settings)
    view = GraphQLView.as_view("graphql", endpoint=endpoint)
    app.add_url_rule("/graphql", view_func=view)
    wsgi_app = tracing.trace_requests(WsgiDispatch(app.wsgi_app, endpoint))
    app.wsgi_app = wsgi_app  # type: ignore[method-assign]  # Flask documents this assignment
    return app


def _make_json_provider(app: Flask) -> DefaultJSONProvider:
    """Return a JSON provider that keeps the order of an object's names."""
    provider = DefaultJSONProvider(app)
    provider.sort_keys = False
    return provider


def _add_parts(app: Flask) -> None:
    """Add the documents, listeners and commands of extensions; the schema takes their fields."""
    for parts in load_parts():
        indexes.add_documents(parts.documents)
        for listener in parts.listeners:
            events.subscribe(listener)
        for command in parts.commands:
            app.cli.add_command(command)


def _make_endpoint(app: Flask, settings: Settings) -> Endpoint:
    graphiql = settings.graphiql and page.assets_installed()
    if graphiql:
        app.register_blueprint(page.graphiql)
    elif settings.graphiql:
        log.warning("GraphiQL is not served: its assets are not installed (./boot.sh assets)")
    return Endpoint(
        build_schema(),
        graphiql="/graphiql" if graphiql else None,
        limits=settings.limits,
        max_logins=settings.max_logins,
        introspection=settings.introspection,
        compiled=settings.compiled,
        persisted=_make_persisted(settings),
    )


def _make_persisted(settings: Settings) -> PersistedOperations:
    trusted = read_trusted_documents(settings)
    if trusted is None:
        return AutomaticOperations(StoredOperations())
    return TrustedOperations(trusted)
