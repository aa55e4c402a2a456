"""The database answers 2 s late, then so late that nobody waits for it, then as before.

Wanted: 2 s late, requests are late but right; 30 s late, each is refused within 3 s; no thread is
held for ever: what asks no database is answered all the while but for the wait of its turn, and
3 s after the database is quick again everything is.
"""

import time
from pathlib import Path

from benchmarks.drills.slow_proxy import SlowProxy
from benchmarks.drills.stage import (
    AWAY,
    Client,
    Database,
    Drill,
    Load,
    counted,
    main,
    server,
    signed_in,
)

LIMIT = 3.0  # seconds; DATABASE_TIMEOUT_MS is 2.5
POLICY = "{ passwordPolicy { minLength } }"


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill("the database answers late")
    with Database(folder) as database, SlowProxy(database.port) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/accounts"
        with server(uri, folder) as served:
            clients = [signed_in(served.url, f"ana{number}@example.com") for number in range(4)]
            with Load([lambda c=client: c.send("{ me { id } }") for client in clients]) as load:
                _late(run, served.url, proxy, load)
    return run.verdict()


def _late(run: Drill, url: str, proxy: SlowProxy, load: Load) -> None:
    time.sleep(2)
    proxy.delay, began = 2.0, time.monotonic()
    run.say(f"2 s late from now; before: {counted(load.between(0, began))}")
    time.sleep(8)
    late = load.between(began + 2, time.monotonic())
    run.say(f"2 s late: {counted(late)}")
    run.expect("late, and right", {answer.outcome for answer in late} == {"OK"})

    proxy.delay, began = 30.0, time.monotonic()
    run.say("30 s late from now")
    time.sleep(5)
    policy = Client(url).send(POLICY)
    run.expect(
        f"what asks no database is answered ({policy.seconds:.2f} s)",
        policy.outcome == "OK" and policy.seconds < LIMIT,
    )
    time.sleep(5)
    refused = load.between(began + 3, time.monotonic())
    run.say(f"30 s late: {counted(refused)}")
    run.expect("refused as away", {answer.outcome for answer in refused} == {AWAY})
    run.expect(f"each within {LIMIT} s", max(answer.seconds for answer in refused) < LIMIT)

    proxy.delay, began = 0.0, time.monotonic()
    time.sleep(6)
    after = load.between(began + 3, time.monotonic())
    run.say(f"3 s after it is quick again: {counted(after)}")
    run.expect("all is well again", {answer.outcome for answer in after} == {"OK"})
    quick = sorted(answer.seconds for answer in after)[len(after) // 2]
    run.expect(f"and quick: half within {quick * 1000:.0f} ms", quick < 0.2)


if __name__ == "__main__":
    main(drill)
