"""create_app(): the only file that knows every room."""

import logging
from collections.abc import Callable

from flask import Flask

from app import config
from app.cli import command_groups
from app.config import Settings
from app.environment import DEVELOPMENT
from app.models import connection
from app.models.persisted_operation import StoredOperations
from app.security import tokens
from app.web.http import response_headers
from app.web.http.graphql import GraphQLView
from app.web.http.trusted_documents import read_trusted_documents
from app.web.pages import jwks
from app.web.pages.graphiql import page
from app.web.server import health
from app.web.server.wsgi_dispatch import WsgiDispatch
from app.web.telemetry import metrics, metrics_endpoint, request_log, tracing
from schema.engine.persisted import AutomaticOperations, PersistedOperations, TrustedOperations
from schema.root import build_schema

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings`, by default those of the environment and .env.

    One application a process: settings and the database's client are the process's own.
    Raises SettingsError. Talks to no database yet.
    """
    settings = settings or config.load_settings()
    config.use(settings)
    app = Flask("app", static_folder=None)
    app.json.sort_keys = False
    request_log.configure(debug=settings.debug, readable=settings.environment == DEVELOPMENT)
    tracing.configure(settings)
    metrics.configure(settings)
    response_headers.configure(app)
    tokens.configure(app, settings)
    connection.connect(settings)
    command_groups.configure(app)
    app.register_blueprint(health.blueprint)
    if settings.serves_metrics:
        app.register_blueprint(metrics_endpoint.blueprint)
    app.register_blueprint(jwks.blueprint)
    view = _graphql(app, settings)
    app.add_url_rule("/graphql", view_func=view)
    app.wsgi_app = tracing.around_request(WsgiDispatch(app.wsgi_app, view.endpoint))
    return app


def _graphql(app: Flask, settings: Settings) -> Callable:
    graphiql = settings.graphiql and page.assets_installed()
    if graphiql:
        app.register_blueprint(page.graphiql)
    elif settings.graphiql:
        log.warning("GraphiQL is not served: its assets are not installed (./boot.sh assets)")
    return GraphQLView.as_view(
        "graphql",
        schema=build_schema(),
        graphiql="/graphiql" if graphiql else None,
        limits=settings.limits,
        max_logins=settings.max_logins,
        introspection=settings.introspection,
        compiled=settings.compiled,
        persisted=_persisted(settings),
    )


def _persisted(settings: Settings) -> PersistedOperations:
    documents = read_trusted_documents(settings)
    return (
        AutomaticOperations(StoredOperations())
        if documents is None
        else TrustedOperations(documents)
    )
