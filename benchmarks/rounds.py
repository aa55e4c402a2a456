"""The rounds: contenders that answer rightly take turns, and each turn is measured."""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from benchmarks import load
from benchmarks.accounts import PASSWORD, PLAIN_LOGIN_EMAIL, Accounts, make_token
from benchmarks.accounts import settings as contender_settings
from benchmarks.answers import WrongAnswer, check
from benchmarks.lineup import Contender
from benchmarks.processes import cpu_of_tree, free_port, running, wait_for_port
from benchmarks.report import BCRYPT, Measured, Table
from benchmarks.scenarios import SCENARIOS, Scenario

ONE, MANY = "one document, one token", "many documents and tokens"
SHARES = {ONE: 0.55, MANY: 0.85}  # of the run's minutes: past that a set begins no further round
ALONE = ("typename", "login")  # what is not asked with many documents and tokens
WARM_PASSES = 4  # over many documents: then 15 of 16 are known to either of two processes
WARM_SECONDS = 6  # at most, for a scenario and contender
LOGIN_ROUNDS = 3  # each hash takes about a fifth of a second
NOT_BUILT = "GRAPHQL_VALIDATION_FAILED"


@dataclass(frozen=True)
class Running:
    """A contender that answers."""

    contender: Contender
    port: int
    process: subprocess.Popen
    log: Path


@dataclass(frozen=True)
class Case:
    """One scenario for one contender, with the requests it sends."""

    scenario: Scenario
    server: Running
    requests: list[load.Request]
    uncounted: int

    def warm_up(self, connections: int) -> None:
        """Send the uncounted requests, in bites, as long as there is time for it."""
        until = time.monotonic() + WARM_SECONDS
        bite, sent = min(100, self.uncounted), 0
        while sent < self.uncounted and time.monotonic() < until:
            self.run(bite, connections, start=sent)
            sent += bite

    def run(self, count: int, connections: int, start: int = 0) -> load.Slice:
        """Send `count` of them. Raises WrongAnswer, with the contender's log."""
        connections = min(connections, self.scenario.most_connections)
        try:
            return load.run(self.server.port, self.requests, count, connections, start)
        except (load.LoadError, OSError) as error:
            raise WrongAnswer(_blamed(self.server, self.scenario, error)) from None


@contextmanager
def started_contender(
    contender: Contender, uri: str, accounts: Accounts, folder: Path
) -> Iterator[Running]:
    """The contender on a free port, while the block runs."""
    port = free_port()
    environment = contender_settings(uri, port, accounts.rounds)
    log = folder / f"{contender.name}.log"
    with running(contender.name, contender.command(port), folder, environment) as process:
        wait_for_port(process, port, log)
        time.sleep(1)  # the second of its processes
        say(f"{contender.title} answers on port {port}")
        yield Running(contender, port, process, log)


def measure(
    which: str, servers: list[Running], accounts: Accounts, asked: argparse.Namespace
) -> Table:
    """All scenarios of one set, in rounds in which the contenders take turns."""
    cases = list(right_cases(which, servers, accounts, asked))
    say(f"{which}: warming up")
    for case in cases:
        case.warm_up(asked.connections)
    table: Table = {(one.scenario.name, one.server.contender.name): Measured() for one in cases}
    for number in range(asked.rounds):
        if number and time.monotonic() > asked.began + asked.minutes * 60 * SHARES[which]:
            say(f"{which}: no time for more rounds")
            break
        say(f"{which}: round {number + 1} of {asked.rounds}")
        for scenario in SCENARIOS:
            turns = [case for case in cases if case.scenario is scenario]
            if turns and (scenario.name != "login" or number < LOGIN_ROUNDS):
                one_round(turns, number, table, accounts, asked)
    return table


def one_round(
    turns: list[Case], number: int, table: Table, accounts: Accounts, asked: argparse.Namespace
) -> None:
    """One scenario: every contender's turn, another one first in each round."""
    scenario, first = turns[0].scenario, number % len(turns)
    count = max(16, round(asked.requests * scenario.weight))
    for case in turns[first:] + turns[:first]:
        found = table[(scenario.name, case.server.contender.name)]
        measure_slice(case, count, asked.connections, number, found)
    if scenario.name == "login":
        measure_bcrypt(accounts, count, table.setdefault((scenario.name, BCRYPT), Measured()))


def right_cases(
    which: str, servers: list[Running], accounts: Accounts, asked: argparse.Namespace
) -> Iterator[Case]:
    """Every scenario that each contender has, once its answers have been seen to be right."""
    staff = accounts.staff[: asked.tokens if which == MANY else 1]
    signed = [(user, make_token(user)) for user in staff]
    documents = asked.documents if which == MANY else 1
    for scenario in SCENARIOS:
        if scenario.name not in asked.scenarios or (which == MANY and scenario.name in ALONE):
            continue
        for server in servers:
            one = server.contender
            requests = scenario.requests(
                signed, graphql=one.graphql, plain_hash=one.plain_hash, documents=documents
            )
            if not answers_rightly(scenario, server, requests, accounts, staff):
                say(f"{one.title} has no {scenario.name} yet: left out")
                continue
            passes = WARM_PASSES * len(requests) if which == MANY else 0
            uncounted = max(passes, round(asked.warm_rounds * asked.requests * scenario.weight))
            yield Case(scenario, server, requests, 2 if scenario.name == "login" else uncounted)


def answers_rightly(
    scenario: Scenario,
    server: Running,
    requests: list[load.Request],
    accounts: Accounts,
    staff: list[dict],
) -> bool:
    """Whether the contender has the scenario. Raises WrongAnswer if it answers it wrongly."""
    for number in sorted({0, len(requests) // 2, len(requests) - 1}):
        try:
            body = load.ask(server.port, requests[number])
            check(scenario.name, body, accounts, staff[number % len(staff)])
        except (load.LoadError, WrongAnswer, OSError) as error:
            if NOT_BUILT in str(error) and server.contender.name == "ours":
                return False
            raise WrongAnswer(_blamed(server, scenario, error)) from None
    return True


def measure_slice(case: Case, count: int, connections: int, number: int, found: Measured) -> None:
    """One contender's share of one round."""
    with cpu_of_tree(case.server.process.pid) as spent:
        done = case.run(count, connections, start=number * count)
    found.cpu.append(spent[0] / count * 1e6)
    found.rates.append(count / done.seconds)
    found.latencies += done.latencies


def measure_bcrypt(accounts: Accounts, count: int, found: Measured) -> None:
    """The same number of bcrypt.checkpw and nothing else, on two cores as the servers have."""
    known = accounts.by_email(PLAIN_LOGIN_EMAIL)["password_hash"].encode()

    def timed(_: int) -> float:
        began = time.perf_counter()
        bcrypt.checkpw(PASSWORD.encode(), known)
        return time.perf_counter() - began

    with ThreadPoolExecutor(2) as threads:
        began, cpu = time.perf_counter(), time.process_time()
        found.latencies += threads.map(timed, range(count))
        found.cpu.append((time.process_time() - cpu) / count * 1e6)
        found.rates.append(count / (time.perf_counter() - began))


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def _blamed(server: Running, scenario: Scenario, error: Exception) -> str:
    status = server.process.poll()
    state = "it still runs" if status is None else f"it ended with status {status}"
    wrote = server.log.read_text(errors="replace")[-3000:]
    return f"{server.contender.title}, {scenario.name}: {error}; {state}. Its log ends:\n{wrote}"
