"""The disk of the embedded database is full (a small tmpfs, so this one needs root).

Wanted: requests that write are made or refused, and no answer tells more; once there is room again
and the database was started anew, all that was acknowledged is there.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.drills.stage import Client, Database, Drill, main, server
from benchmarks.processes import stop

SIZE, CLIENTS = "48m", 6
KNOWN = {"OK", "DATABASE_UNAVAILABLE", "OVERLOADED", "EXCEPTION"}


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill(f"disk full: {SIZE} for the embedded database")
    if os.geteuid() != 0:
        run.say("SKIPPED: only root can mount a tmpfs")
        return 0
    database = Database(folder)
    database.folder.mkdir()
    with _tmpfs(database.folder), database, server(database.uri, folder) as served:
        told = [f"antes{number}@example.com" for number in range(5)]
        made = [Client(served.url).register(email).outcome for email in told]
        run.expect("registers while there is room", made == ["OK"] * 5)
        filler = database.folder / "filler"
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False
        )
        run.say(f"filled with {filler.stat().st_size >> 20} MiB")
        outcomes = _register_until_refused(served.url, told)
        run.say(f"registrations on a full disk: {dict(outcomes)}")
        run.expect("each is made or refused, and tells no more", set(outcomes) <= KNOWN)
        run.expect("the disk was full at last", set(outcomes) > {"OK"})
        run.expect("the server is alive", Client(served.url).status("/health/live") == 200)
        filler.unlink()
        stop(database.process)
        database.start()
        asked = told[:20] + told[-80:]
        lost = [email for email in asked if Client(served.url).login(email).outcome != "OK"]
        run.expect(f"of {len(told)} who were told, {len(asked)} log in afterwards", not lost)
        after = Client(served.url).register("depois@example.com").outcome
        run.expect("and more can register", after == "OK")
    return run.verdict()


def _register_until_refused(url: str, told: list[str]) -> Counter:
    """Its log has room made in advance: it takes some hundred registrations to fill that, too."""
    outcomes: Counter = Counter()
    until = time.monotonic() + 50
    number = 0
    while outcomes.total() - outcomes["OK"] < 20 and time.monotonic() < until:
        number += 1
        emails = [f"cheio{number}-{client}@example.com" for client in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = pool.map(lambda email: Client(url).register(email).outcome, emails)
        for email, outcome in zip(emails, answers, strict=True):
            outcomes[outcome] += 1
            if outcome == "OK":
                told.append(email)
    return outcomes


@contextmanager
def _tmpfs(folder: Path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


if __name__ == "__main__":
    if sys.platform != "linux":
        sys.exit("Linux only")
    main(drill)
