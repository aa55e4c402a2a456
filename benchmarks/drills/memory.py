"""50,000 requests of every kind: does the server's memory go on growing?

Wanted: from the 10,000th to the 50,000th request the resident memory of all its processes grows by
less than 5%. The database is the benchmark's stub, so that 50,000 requests take a minute.
"""

import itertools
from pathlib import Path

from benchmarks import load
from benchmarks.accounts import make_accounts, make_token, settings
from benchmarks.databases import stub
from benchmarks.drills.stage import Drill, main
from benchmarks.processes import ROOT, free_port, running, tree, wait_for_port
from benchmarks.scenarios import SCENARIOS

MOST = 5  # percent
SHARES = {"typename": 2, "me": 10, "users": 1, "register": 3, "login": 1}


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill("memory over 50,000 requests of a mixed load")
    accounts = make_accounts(4)
    with stub(accounts, folder) as uri:
        port = free_port()
        environment = settings(uri, port, 4) | {"THROTTLE_ADDRESS_FAILURES": "1000"}
        with running("server", [str(ROOT / "boot.sh"), "serve"], folder, environment) as process:
            wait_for_port(process, port, folder / "server.log")
            requests = _mixed(accounts)
            sizes = []
            for thousand in range(1, 51):
                load.run(port, requests, 1000, 3, start=thousand * 1000)
                if thousand % 10 == 0:
                    sizes.append(_resident(process.pid))
                    run.say(f"{thousand},000 requests: {sizes[-1] >> 10:,} KiB")
    growth = (sizes[-1] - sizes[0]) / sizes[0] * 100
    run.expect(f"grew by {growth:.1f}% from the 10,000th to the 50,000th", growth < MOST)
    return run.verdict()


def _mixed(accounts) -> list[load.Request]:
    """Every scenario in its share, with 50 accounts and 20 documents each."""
    signed = [(user, make_token(user)) for user in accounts.staff[:50]]
    kinds = []
    for scenario in SCENARIOS:
        made = scenario.requests(signed, graphql=True, plain_hash=False, documents=20)
        kinds += [itertools.cycle(made)] * SHARES[scenario.name]
    return [next(kind) for _ in range(60) for kind in kinds]


def _resident(root: int) -> int:
    """Bytes of resident memory of a process and all below it."""
    pages = 0
    for pid in tree(root):
        pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    main(drill)
