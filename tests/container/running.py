"""A container of the image: its user, a read-only root, no privileges, its own process ids."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import HANG

SECRETS = "/run/secrets"
# With its own mounts and process ids; it shares the network, where the database is.
CONFINE = """
set -eu
mount --bind "$1" "$1"
mount --bind "$2" "$1/run/secrets"
mount -o remount,bind,ro "$1/run/secrets"
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -o remount,bind,ro "$1"
root=$1 user=$3 folder=$4
shift 4
exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups \
    --bounding-set=-all --no-new-privs \
    env -i /bin/sh -c 'cd "$1" && shift && exec env "$@"' sh "$folder" "$@"
"""


@dataclass
class Image:
    """An image, unpacked at `root`; `says` is its configuration."""

    root: Path
    says: dict

    def start(
        self, command: list[str], environment: Mapping[str, str], secrets: Path, **run: object
    ) -> "Container":
        """Start `command` in a container of this image; mount `secrets` at /run/secrets."""
        given = {**dict(pair.split("=", 1) for pair in self.says["Env"]), **environment}
        process = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c"),
                *(CONFINE, "sh", str(self.root), str(secrets)),
                *(self.says["User"], self.says["WorkingDir"]),
                *(f"{name}={value}" for name, value in given.items()),
                *command,
            ],
            **run,
        )
        return Container(process)

    def run(
        self, command: list[str], environment: Mapping[str, str], secrets: Path
    ) -> subprocess.CompletedProcess:
        """Run `command` to its end. Raises TimeoutExpired when it does not end."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = self.start(command, environment, secrets, **pipes).process
        with process:
            out, err = process.communicate(timeout=HANG)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


@dataclass
class Container:
    """A running container."""

    process: subprocess.Popen  # unshare, which waits for the command and exits with its status

    @property
    def pid(self) -> int:
        """Return the id of the container's first process on this machine; inside it is 1."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def stop(self, seconds: float = HANG) -> int:
        """Stop it like `docker stop`; return its status. Raises TimeoutExpired after killing it."""
        with self.process:
            subprocess.run(["kill", "-TERM", str(self.pid)], check=True)
            try:
                return self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
