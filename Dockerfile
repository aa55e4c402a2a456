# One image for both roles: the server (the default) and the worker (the argument `worker`), by a user
# without rights, with production's requirements alone. It writes to /tmp only: its root may be read-only.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS assets
WORKDIR /srv/accounts
COPY boot.sh ./
COPY requirements requirements
COPY app/web/pages/graphiql/package.json app/web/pages/graphiql/package-lock.json app/web/pages/graphiql/
RUN --mount=type=cache,target=/root/.cache --mount=type=cache,target=/root/.npm ./boot.sh assets
# Of 117 MB only what the page asks for (app/web/pages/graphiql/page.py), the licences of what it is built
# from, and the mark by which boot.sh knows what is installed.
WORKDIR /srv/accounts/app/web/pages/graphiql/node_modules
RUN mkdir /assets && cp --parents .installed */LICENSE* @*/*/LICENSE* \
    graphiql/graphiql.min.js graphiql/graphiql.min.css \
    react/umd/react.production.min.js react-dom/umd/react-dom.production.min.js /assets

FROM ${PYTHON_IMAGE} AS build
WORKDIR /srv/accounts
COPY boot.sh ./
COPY requirements requirements
# pip goes once it has served: what boot.sh finds installed it does not install again.
RUN --mount=type=cache,target=/root/.cache ./boot.sh install prod && \
    .venv/bin/python -m pip uninstall --quiet --yes pip setuptools
COPY application.py ./
COPY app app
COPY schema schema
# By content and never checked: no file's time has to survive the copy into the last stage.
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash app schema application.py

FROM ${PYTHON_IMAGE}
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="GraphQL Accounts" \
      org.opencontainers.image.description="A GraphQL server for user accounts, and its mail worker" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The base may bring pip: nothing is installed here any more.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip* \
    /usr/local/lib/python3*/ensurepip
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent \
    --shell /usr/sbin/nologin accounts
WORKDIR /srv/accounts
COPY --from=build /srv/accounts ./
COPY --from=assets /assets app/web/pages/graphiql/node_modules
# An image that extends this one copies its packages to extensions/: see docs/extending.md.
ENV FLASK_ENV=production FLASK_APP=application.py PYTHONPATH=/srv/accounts/extensions \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
EXPOSE 5000
# Of the server; a container that runs the worker turns it off (compose.yaml).
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD [".venv/bin/python", "-m", "app.web.server.healthcheck"]
ENTRYPOINT ["./boot.sh"]
CMD ["serve"]
