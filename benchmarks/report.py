"""What was found, as Markdown: versions, one table a set of scenarios, and what was wanted."""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lineup import BEFORE, FLASK, STRAWBERRY_PYTHON, Contender
from benchmarks.load import percentile
from benchmarks.processes import ROOT
from benchmarks.scenarios import SCENARIOS

BCRYPT = "bcrypt"
TITLES = {scenario.name: scenario.title for scenario in SCENARIOS}
# scenario, against whom, at most which ratio of CPU per request; with the stub
WANTED = (
    ("me", FLASK, 0.40),
    ("me", "mercurius", 1.0),
    ("me", "apollo", 0.5),
    ("users", FLASK, 0.50),
    ("users", "mercurius", 0.6),
    ("users", "apollo", 1 / 3),
    ("users", "naive", 1 / 20),
    ("register", FLASK, 1.0),
    ("login", BCRYPT, 1.03),
    ("me", BEFORE, 1.05),  # with --beside, as the next
    ("users", BEFORE, 1.05),
)


@dataclass
class Measured:
    """One contender in one scenario: a value for each round, a latency for each request."""

    cpu: list[float] = field(default_factory=list)  # microseconds a request
    rates: list[float] = field(default_factory=list)  # requests a second
    latencies: list[float] = field(default_factory=list)  # seconds


Table = dict[tuple[str, str], Measured]


def ratio(table: Table, scenario: str, name: str, other: str) -> float | None:
    """The median over the rounds of one's CPU in the other's: what both met alike cancels out."""
    one, against = table.get((scenario, name)), table.get((scenario, other))
    if one is None or against is None:
        return None
    return statistics.median(a / b for a, b in zip(one.cpu, against.cpu, strict=True))


def measured_table(table: Table, titles: dict[str, str]) -> list[str]:
    """A row for each contender in each scenario."""
    head = ["scenario", "contender", "CPU µs/request", "lowest–highest", "of bare Flask"]
    lines = [*_heading([*head, "requests/s", "p50 ms", "p99 ms"], left=2)]
    for (scenario, name), found in table.items():
        share = ratio(table, scenario, name, FLASK)
        cells = [
            TITLES[scenario],
            titles[name],
            f"{statistics.median(found.cpu):,.0f}",
            f"{min(found.cpu):,.0f}–{max(found.cpu):,.0f}",
            "" if share is None else f"{share:.2f}",
            f"{statistics.median(found.rates):,.0f}",
            f"{percentile(found.latencies, 0.50) * 1000:.2f}",
            f"{percentile(found.latencies, 0.99) * 1000:.2f}",
        ]
        lines.append(_row(cells))
    return lines


def wanted_table(table: Table, titles: dict[str, str]) -> list[str]:
    """What this server's CPU should be of another's, and what it is."""
    lines = _heading(["scenario", "against", "wanted at most", "measured", ""], left=2)
    for scenario, other, most in WANTED:
        share = ratio(table, scenario, "ours", other)
        if share is not None:
            verdict = "yes" if share <= most else "**no**"
            cells = [TITLES[scenario], titles[other], f"{most:.3f}", f"{share:.3f}", verdict]
            lines.append(_row(cells))
    return lines if len(lines) > 2 else []


def conditions(contenders: Sequence[Contender], said: Iterable[str]) -> list[str]:
    """The machine, the versions, and how it was measured."""
    lines = [f"- {line}" for line in said]
    lines.append(f"- {os.cpu_count()} cores of {_processor()}; {platform.platform(terse=True)}")
    for contender in contenders:
        known = [f"{name} {v}" for name in contender.packages if (v := _version(contender, name))]
        lines.append(f"- {contender.title}: {_runtime(contender)}, {', '.join(known)}")
    return lines


def _heading(cells: Sequence[str], left: int) -> list[str]:
    dashes = ["---"] * left + ["---:"] * (len(cells) - left)
    return [_row(cells), _row(dashes)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _runtime(contender: Contender) -> str:
    if contender.kind == "node":
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        return f"Node {told.stdout.strip().removeprefix('v')}"
    return f"Python {platform.python_version()}"


def _version(contender: Contender, package: str) -> str | None:
    if contender.kind == "node":
        described = ROOT / "benchmarks" / "node_modules" / package / "package.json"
        return json.loads(described.read_text())["version"]
    if contender.kind == "strawberry":
        asked = f"import importlib.metadata as m; print(m.version({package!r}))"
        return subprocess.check_output([STRAWBERRY_PYTHON, "-c", asked], text=True).strip()
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
