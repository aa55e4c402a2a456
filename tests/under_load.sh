#!/bin/sh
# Run the tests while eight busy loops share the processor with them: tests/under_load.sh [ARGUMENTS OF PYTEST]
# The tests must say the same as on an idle machine; only their duration may differ.
set -eu
cd "$(dirname "$0")/.."

loops=
end_loops() {
    trap - EXIT INT TERM HUP
    for loop in $loops; do
        kill "$loop" 2>/dev/null || true
    done
}
trap end_loops EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for _ in 1 2 3 4 5 6 7 8; do
    sh -c 'while :; do :; done' &
    loops="$loops $!"
done
./boot.sh test "$@"
