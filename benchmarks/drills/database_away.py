"""The database is killed under load, and comes back.

Wanted: while it is away every request answers DATABASE_UNAVAILABLE within 3 s, the process is
alive and not ready; within 3 s of its return everything answers again; what was told is not lost.
"""

import time
from pathlib import Path

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

CLIENTS = 8
LIMIT = 3.0  # seconds; DATABASE_TIMEOUT_MS is 2.5


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill("database killed and back, under load")
    with Database(folder) as database, server(database.uri, folder) as served:
        known = [f"ana{number}@example.com" for number in range(CLIENTS)]
        clients = [signed_in(served.url, email) for email in known]
        outside = Client(served.url)
        with Load([lambda c=client: c.send("{ me { id } }") for client in clients]) as load:
            time.sleep(3)
            killed = time.monotonic()
            database.kill()
            run.say(f"killed; before: {counted(load.between(0, killed))}")
            time.sleep(4)
            run.expect("alive while the database is away", outside.status("/health/live") == 200)
            run.expect("not ready while it is away", outside.status("/health/ready") == 503)
            refused = outside.register("nova@example.com")
            run.expect(f"register answers {refused.outcome}", refused.outcome == AWAY)
            database.start()
            back = time.monotonic()
            time.sleep(6)
        # what was in flight when it was killed may have been answered from before
        away = load.between(killed + 0.5, back - 0.2)
        run.say(f"away: {counted(away)}")
        run.expect("every answer says that it is away", {a.outcome for a in away} == {AWAY})
        run.expect(f"each within {LIMIT} s", max(a.seconds for a in away) < LIMIT)
        run.expect("none was HTTP 5xx but 503", {a.status for a in away} <= {200, 503})
        after = load.between(back + 3, time.monotonic())
        run.say(f"3 s after its return: {counted(after)}")
        run.expect("all is well 3 s after its return", {a.outcome for a in after} == {"OK"})
        logins = [Client(served.url).login(email).outcome for email in known]
        run.expect("everyone registered before logs in", logins == ["OK"] * CLIENTS)
        run.expect("ready again", outside.status("/health/ready") == 200)
    return run.verdict()


if __name__ == "__main__":
    main(drill)
