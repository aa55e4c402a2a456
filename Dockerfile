# The server in a container: ./boot.sh serve, by a user without rights, with production's requirements.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS assets
WORKDIR /srv/accounts
COPY boot.sh ./
COPY requirements requirements
COPY app/web/graphiql/package.json app/web/graphiql/package-lock.json app/web/graphiql/
RUN ./boot.sh assets

FROM ${PYTHON_IMAGE} AS build
WORKDIR /srv/accounts
COPY boot.sh ./
COPY requirements requirements
RUN ./boot.sh install prod
COPY . .
COPY --from=assets /srv/accounts/app/web/graphiql/node_modules app/web/graphiql/node_modules
RUN .venv/bin/python -m compileall -q app schema application.py

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent accounts
WORKDIR /srv/accounts
COPY --from=build /srv/accounts /srv/accounts
ENV FLASK_ENV=production PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD [".venv/bin/python", "-m", "app.web.healthcheck"]
ENTRYPOINT ["./boot.sh"]
