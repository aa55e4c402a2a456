"""More requests at once than there are connections to the database.

Wanted: with a pool of 2 connections a worker and 40 clients, every answer comes within 3 s,
right or saying that the database is away; none hangs, and with fewer clients all is well again.
"""

import time
from pathlib import Path

from benchmarks.drills.slow_proxy import SlowProxy
from benchmarks.drills.stage import (
    AWAY,
    Database,
    Drill,
    Load,
    counted,
    main,
    server,
    signed_in,
)

LIMIT = 3.0  # seconds; DATABASE_TIMEOUT_MS is 2.5
CLIENTS = 40


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill(f"{CLIENTS} clients, 2 connections a worker, a database that takes 100 ms")
    with Database(folder) as database, SlowProxy(database.port) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/accounts?maxPoolSize=2"
        with server(uri, folder) as served:
            client = signed_in(served.url)
            token = client._session.headers["Authorization"].split()[1]
            clients = [type(client)(served.url, token) for _ in range(CLIENTS)]
            proxy.delay = 0.1
            with Load([lambda c=one: c.send("{ me { id } }") for one in clients]) as load:
                time.sleep(15)
            answers = [answer for _, answer in load.answers]
            run.say(counted(answers))
            run.expect(
                "right or refused", {a.outcome for a in answers} <= {"OK", AWAY, "OVERLOADED"}
            )
            fine = sum(answer.outcome == "OK" for answer in answers)
            run.expect(f"{fine} of {len(answers)} right: what the pool can do", fine > 200)
            slowest = max(answer.seconds for answer in answers)
            run.expect(f"each within {LIMIT} s", slowest < LIMIT)
            proxy.delay = 0
            time.sleep(1)
            after = [client.send("{ me { id } }") for _ in range(20)]
            run.say(f"one client afterwards: {counted(after)}")
            run.expect("all is well again", {a.outcome for a in after} == {"OK"})
    return run.verdict()


if __name__ == "__main__":
    main(drill)
