"""One run: start everything, see that every answer is right, measure in rounds, report.

Started by run.py, in the environment that it makes.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.accounts import FEW_PEOPLE, PEOPLE, make_accounts
from benchmarks.databases import DATABASES
from benchmarks.lineup import CONTENDERS, Contender, another_checkout
from benchmarks.rounds import MANY, ONE, measure, say, started_contender
from benchmarks.scenarios import SCENARIOS


def main() -> int:
    """Measure as the options say; print the report and write it to --out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = read_options()
    asked.began = time.monotonic()
    people = FEW_PEOPLE if asked.database == "embedded" else PEOPLE
    accounts = make_accounts(asked.bcrypt_rounds, people)
    contenders = [c for c in CONTENDERS if c.name in asked.only and _can_run(c)]
    if asked.beside:
        contenders.append(another_checkout(asked.beside.resolve()))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        uri = stack.enter_context(DATABASES[asked.database](accounts, Path(folder)))
        servers = [
            stack.enter_context(started_contender(one, uri, accounts, Path(folder)))
            for one in contenders
        ]
        tables = {
            which: measure(which, servers, accounts, asked)
            for which in (ONE, MANY)
            if asked.distinct in ("also", "only" if which == MANY else "no")
        }
    text = written(tables, contenders, asked, time.monotonic() - asked.began)
    print(text)
    if asked.out:
        asked.out.write_text(f"{text}\n", encoding="utf-8")
    return 0


def read_options() -> argparse.Namespace:
    """The options; --quick overrules how much is measured."""
    names = [one.name for one in CONTENDERS]
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    listed = {"type": lambda text: text.split(",")}
    parser.add_argument("--only", default=names, help=f"of {','.join(names)}", **listed)
    scenarios = [one.name for one in SCENARIOS]
    parser.add_argument("--beside", type=Path, help="another checkout of this server, measured too")
    parser.add_argument("--scenarios", default=scenarios, help=",".join(scenarios), **listed)
    parser.add_argument("--database", choices=DATABASES, default="stub")
    parser.add_argument("--distinct", choices=("also", "only", "no"), default="also")
    parser.add_argument("--documents", type=int, default=500, help="texts where they differ")
    parser.add_argument("--tokens", type=int, default=200, help="tokens where they differ, <= 200")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="a round; fewer of slow ones")
    parser.add_argument("--warm-rounds", type=int, default=4, help="uncounted, before the first")
    parser.add_argument("--minutes", type=float, default=6, help="then no further round begins")
    parser.add_argument("--connections", type=int, help="16; 4 to the embedded")
    parser.add_argument("--bcrypt-rounds", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="2 rounds of 400: is it all right?")
    parser.add_argument("--out", type=Path, help="write the report there, too")
    asked = parser.parse_args()
    if unknown := {*asked.only} - {*names} | {*asked.scenarios} - {*scenarios}:
        parser.error(f"unknown: {', '.join(unknown)}")
    asked.connections = asked.connections or (4 if asked.database == "embedded" else 16)
    if asked.quick:
        asked.rounds, asked.requests, asked.warm_rounds = 2, 400, 1
        asked.bcrypt_rounds, asked.documents = 8, 100
    return asked


def written(
    tables: dict[str, report.Table],
    contenders: list[Contender],
    asked: argparse.Namespace,
    seconds: float,
) -> str:
    """The report."""
    titles = {one.name: one.title for one in contenders} | {report.BCRYPT: "bcrypt.checkpw alone"}
    rounds = " and ".join(str(max(len(m.cpu) for m in table.values())) for table in tables.values())
    said = [
        f"database: {asked.database}; {rounds} rounds of {asked.requests} requests over "
        f"{asked.connections} connections; bcrypt at {asked.bcrypt_rounds} rounds",
        f"many: {asked.documents} documents, {asked.tokens} tokens; "
        f"the whole run took {seconds:.0f} s",
    ]
    lines = ["# Benchmark", "", *report.conditions(contenders, said)]
    for which, table in tables.items():
        lines += ["", f"## {which.capitalize()}", "", *report.measured_table(table, titles)]
        if asked.database == "stub" and (wanted := report.wanted_table(table, titles)):
            lines += ["", *wanted]
    return "\n".join(lines)


def _can_run(contender: Contender) -> bool:
    if contender.kind != "node" or shutil.which("node"):
        return True
    say(f"{contender.title} needs Node: left out")
    return False


if __name__ == "__main__":
    sys.exit(main())
