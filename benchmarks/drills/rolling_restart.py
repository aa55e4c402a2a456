"""Two servers behind nginx, each restarted in turn under load (needs nginx; deploy/nginx.conf).

Wanted: 2,000 requests and more, queries and logins of accounts, and not one fails.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.drills.stage import (
    Client,
    Database,
    Drill,
    Load,
    counted,
    environment,
    main,
    signed_in,
)
from benchmarks.processes import ROOT, free_port, running, stop, wait_for_port

CLIENTS, WANTED = 6, 2000


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill("rolling restart of two servers behind nginx")
    if not shutil.which("nginx"):
        run.say("SKIPPED: nginx is not installed (apt-get install nginx)")
        return 0
    ports = (free_port(), free_port())
    with Database(folder) as database, ExitStack() as servers:
        processes = [_start(servers, database.uri, port, folder) for port in ports]
        with _nginx(folder, ports) as url:
            clients = [signed_in(url, f"ana{number}@example.com") for number in range(CLIENTS)]
            asks = [lambda c=client: c.send("{ me { id } }") for client in clients]
            visitor = Client(url)  # with an account of its own: the 101st login ends a session
            visitor.register("visita@example.com")
            asks.append(lambda: visitor.login("visita@example.com"))
            with Load(asks) as load:
                time.sleep(2)
                for number, port in enumerate(ports):
                    run.say(f"restarting server {number + 1}")
                    stop(processes[number])
                    processes[number] = _start(servers, database.uri, port, folder)
                    time.sleep(2)
                while len(load.answers) < WANTED + 200:
                    time.sleep(0.1)
        answers = [answer for _, answer in load.answers]
        run.say(counted(answers))
        run.expect(f"{len(answers)} requests", len(answers) >= WANTED)
        run.expect("none failed", {answer.outcome for answer in answers} == {"OK"})
        run.expect("all were HTTP 200", {answer.status for answer in answers} == {200})
    return run.verdict()


def _start(servers: ExitStack, uri: str, port: int, folder: Path) -> subprocess.Popen:
    """A server on its own port; ended with the drill if it was not before."""
    name = f"server-{port}"
    command = [str(ROOT / "boot.sh"), "serve"]
    process = servers.enter_context(running(name, command, folder, environment(uri, port)))
    wait_for_port(process, port, folder / f"{name}.log")
    return process


@contextmanager
def _nginx(folder: Path, ports: tuple[int, int]) -> Iterator[str]:
    """deploy/nginx.conf in front of the two: its address."""
    port, text = free_port(), (ROOT / "deploy" / "nginx.conf").read_text()
    for there, here in (
        ("server-1:5000", f"127.0.0.1:{ports[0]}"),
        ("server-2:5000", f"127.0.0.1:{ports[1]}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("/tmp/", f"{folder}/nginx-"),
        ("/dev/stdout", f"{folder}/access.log"),
        ("/dev/stderr", f"{folder}/error.log"),
    ):
        text = text.replace(there, here)
    if sys.platform == "linux":
        text = f"user root;\n{text}"  # the workers may read the drill's folder
    settings = folder / "nginx.conf"
    settings.write_text(text)
    command = ["nginx", "-c", str(settings), "-g", "daemon off;"]
    with running("nginx", command, folder) as process:
        wait_for_port(process, port, folder / "nginx.log")
        yield f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    main(drill)
