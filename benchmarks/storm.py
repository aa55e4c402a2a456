"""Does a storm of logins slow everybody else? `me` without and with clients that only log in.

    .venv-bench/bin/python -m benchmarks.storm --out storm.md

The server runs as `./boot.sh serve` runs it, over the stub of MongoDB's wire. In each round `me` is
asked in a calm, then while the clients log in as fast as they are answered, whatever the answer.
"""

import argparse
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from benchmarks import load
from benchmarks.accounts import PASSWORD, PEOPLE, Accounts, make_accounts, make_token
from benchmarks.databases import DATABASES
from benchmarks.lineup import CONTENDERS
from benchmarks.rounds import started_contender
from benchmarks.scenarios import SCENARIOS, http

WANTED = 3.0  # how many times `me`'s p99 in the storm may be that of the calm
CALM, STORM = "calm", "storm"
LOGIN = next(scenario for scenario in SCENARIOS if scenario.name == "login")
ME = next(scenario for scenario in SCENARIOS if scenario.name == "me")
REASONS = (b"OVERLOADED", b"TOO_MANY_ATTEMPTS")


def main() -> int:
    """Measure, print the table; 1 when the storm slows `me` more than is wanted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = read_options()
    accounts = make_accounts(asked.bcrypt_rounds, PEOPLE)
    ours = next(one for one in CONTENDERS if one.name == "ours")
    with (
        tempfile.TemporaryDirectory() as folder,
        DATABASES["stub"](accounts, Path(folder)) as uri,
        started_contender(ours, uri, accounts, Path(folder)) as server,
    ):
        latencies, answers, seconds = measured(server.port, accounts, asked)
    text, ratio = report(latencies, answers, seconds, asked)
    print(text)
    if asked.out:
        asked.out.write_text(f"{text}\n", encoding="utf-8")
    return int(ratio > WANTED)


def read_options() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of `me`, calm and storm, a round")
    parser.add_argument("--connections", type=int, default=4, help="that ask `me`")
    parser.add_argument("--clients", type=int, default=16, help="that log in without pause")
    parser.add_argument("--bcrypt-rounds", type=int, default=12)
    parser.add_argument("--out", type=Path, help="write the table there, too")
    return parser.parse_args()


def measured(
    port: int, accounts: Accounts, asked: argparse.Namespace
) -> tuple[dict[str, list[float]], Counter, float]:
    """The latencies of `me` in calm and in storm; what the logins were answered, in how long."""
    signed = [(user, make_token(user)) for user in accounts.staff[:20]]
    requests = ME.requests(signed, graphql=True, plain_hash=False)
    latencies: dict[str, list[float]] = {CALM: [], STORM: []}
    answers, stormy = Counter(), 0.0
    ask_for(2, port, requests, asked.connections)  # warm
    for _ in range(asked.rounds):
        latencies[CALM] += ask_for(asked.seconds, port, requests, asked.connections)
        with storm(port, accounts, asked.clients) as met:
            time.sleep(1)
            began = time.monotonic()
            latencies[STORM] += ask_for(asked.seconds, port, requests, asked.connections)
        answers += met
        stormy += time.monotonic() - began + 1
    return latencies, answers, stormy


def ask_for(
    seconds: float, port: int, requests: list[load.Request], connections: int
) -> list[float]:
    """The latencies of so many seconds of requests."""
    until, latencies = time.monotonic() + seconds, []
    while time.monotonic() < until:
        latencies += load.run(port, requests, 100, connections, len(latencies)).latencies
    return latencies


@contextmanager
def storm(port: int, accounts: Accounts, clients: int):
    """Log in without pause while the block runs; afterwards the counter holds the answers.

    In a process of its own: its work is not to delay what measures the others.
    """
    answers: Counter = Counter()
    emails = [user["email"] for user in accounts.users[:clients]]
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=rage, args=(theirs, port, emails))
    process.start()
    try:
        ours.recv()
        yield answers
        ours.send("enough")
        answers.update(ours.recv())
    finally:
        process.terminate()
        process.join()


def rage(pipe, port: int, emails: list[str]) -> None:
    """Each address logs in, again and again, until the pipe says so; then send the answers."""
    counted = [Counter() for _ in emails]
    for email, mine in zip(emails, counted, strict=True):
        Thread(target=log_in_for_ever, args=(port, email, mine), daemon=True).start()
    pipe.send("begun")
    pipe.recv()
    pipe.send(sum(counted, Counter()))


def log_in_for_ever(port: int, email: str, answers: Counter) -> None:
    """One client: one connection, one account, one login after the other."""
    text = f"mutation($input: LoginInput!) {{ {LOGIN.fields} }}"
    given = {"query": text, "variables": {"input": {"email": email, "password": PASSWORD}}}
    request = load.Request(http("POST", "/graphql", None, given))
    with load.kept(port) as ask:
        while True:
            body = ask(request)
            told = next((reason.decode() for reason in REASONS if reason in body), "signed in")
            answers[told if told != "signed in" or b'"errors"' not in body else "other"] += 1


def report(
    latencies: dict[str, list[float]], answers: Counter, seconds: float, asked: argparse.Namespace
) -> tuple[str, float]:
    """The table and the ratio of the two p99."""
    p99 = {name: load.percentile(found, 0.99) for name, found in latencies.items()}
    ratio = p99[STORM] / p99[CALM]
    lines = [
        f"`me` over {asked.connections} connections; the storm: {asked.clients} clients that log "
        f"in without pause, bcrypt at {asked.bcrypt_rounds} rounds; {asked.rounds} rounds",
        "",
        "| | requests | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, found in latencies.items():
        p50 = load.percentile(found, 0.5)
        lines.append(f"| {name} | {len(found):,} | {p50 * 1e3:.2f} | {p99[name] * 1e3:.2f} |")
    told = ", ".join(f"{count / seconds:.1f}/s {reason}" for reason, count in answers.items())
    yes = "yes" if ratio <= WANTED else "**no**"
    lines += ["", f"p99 in the storm: {ratio:.2f} times that of the calm; at most {WANTED}: {yes}"]
    return "\n".join([*lines, f"The clients were answered: {told}"]), ratio


if __name__ == "__main__":
    sys.exit(main())
