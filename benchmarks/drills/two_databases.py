"""Two embedded databases on one folder.

Wanted: the second refuses to start and says why; the first goes on, and nothing is lost.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.drills.stage import Client, Database, Drill, main, server
from benchmarks.processes import ROOT


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill("two embedded databases on one folder")
    with Database(folder) as database, server(database.uri, folder) as served:
        run.expect("registers", Client(served.url).register("ana@example.com").outcome == "OK")
        second = subprocess.run(
            [
                sys.executable,
                "-m",
                "development.embedded_database",
                "--folder",
                str(database.folder),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        run.say(f"the second says: {second.stderr.strip()}")
        run.expect("the second ends with status 2", second.returncode == 2)
        lines = second.stderr.strip().splitlines()
        run.expect("in one line", len(lines) == 1 and "Traceback" not in second.stderr)
        run.expect("the first goes on", Client(served.url).login("ana@example.com").outcome == "OK")
        run.expect("and writes", Client(served.url).register("bia@example.com").outcome == "OK")
    return run.verdict()


if __name__ == "__main__":
    main(drill)
