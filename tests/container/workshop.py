"""Where images are built without a container engine: buildah, on a Debian made by debootstrap.

What takes long is kept in a folder outside the repository: the base, and an image for each state
of its context, so that an unchanged one is not built again.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(os.environ.get("CONTAINER_WORKSHOP", "/var/tmp/graphql-accounts-container"))
BASE, IMAGE = "localhost/accounts-test-base", "localhost/accounts-test"
TOOLS = ("buildah", "debootstrap", "unshare")
PACKAGES = "python3,python3-venv,ca-certificates"  # what python:3.13-slim-bookworm has, as of 3.11
# How this machine's pip and npm reach their registries; the image keeps none of it.
WAYS_OUT = {
    "/etc/ssl/certs": "/etc/ssl/certs",
    "/etc/pip.conf": "/etc/pip.conf",
    "/etc/npmrc": "/root/.npmrc",
}


def lacking() -> str | None:
    """Why no image can be built here; None if one can."""
    if os.geteuid() != 0:
        return "only root can build and run the image"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True)
    return tried.stderr.decode() if tried.returncode else None


@contextmanager
def held() -> Iterator[None]:
    """Have the workshop for oneself; what a run that was killed left lying there is removed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        buildah("rm", "--all")
        try:
            yield
        finally:
            buildah("rm", "--all")


def buildah(*arguments: str) -> str:
    """What the command printed. Raises AssertionError with all it said when it fails."""
    store = ["--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run")]
    run = subprocess.run(
        ["buildah", *store, "--storage-driver", "vfs", *arguments], capture_output=True, text=True
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout.strip()


def built(context: Path) -> str:
    """The image of a context, by its name; built unless the very same was built before."""
    name = f"{IMAGE}:{_digest(context)}"
    if name in _images():
        return name
    for older in _images():
        if older.startswith(f"{IMAGE}:"):
            buildah("rmi", older)
    _make_base()
    ways = [
        f"--volume={here}:{there}:ro" for here, there in WAYS_OUT.items() if Path(here).exists()
    ]
    buildah(
        *("bud", "--isolation", "chroot", "--format", "docker", "--layers=false", "--quiet"),
        *("--build-arg", f"PYTHON_IMAGE={BASE}", "--build-arg", "VERSION=1.2.3"),
        *("--tag", name, *ways, str(context)),
    )
    return name


def extended(base: str, context: Path) -> str:
    """The image of a context whose Dockerfile begins with ``FROM accounts``, by its name."""
    name = f"{IMAGE}-extended:latest"
    buildah("tag", base, "accounts")
    buildah(
        *("bud", "--isolation", "chroot", "--format", "docker", "--layers=false", "--quiet"),
        *("--pull-never", "--tag", name, str(context)),
    )
    return name


def settings_of(name: str) -> dict:
    """What the image says of itself: User, Entrypoint, Env, ..."""
    return json.loads(buildah("inspect", "--type", "image", name))["Docker"]["config"]


def unpacked(name: str) -> Path:
    """A file system of the image's own, which may be changed."""
    return Path(buildah("mount", buildah("from", "--pull-never", name)))


def _images() -> list[str]:
    return buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()


def _digest(context: Path) -> str:
    # .dockerignore keeps all else out, and a change of what it keeps out is a change of it.
    seen = [context / name for name in ("Dockerfile", ".dockerignore", "application.py", "boot.sh")]
    for folder in ("app", "schema", "requirements"):
        seen += [path for path in (context / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for file in sorted(seen):
        digest.update(f"{file.relative_to(context)} {file.stat().st_mode:o}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _make_base() -> None:
    if f"{BASE}:latest" in _images():
        return
    tree = FOLDER / "base"
    shutil.rmtree(tree, ignore_errors=True)
    made = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(tree)]
    run = subprocess.run(made, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]
    for packed in [*tree.glob("var/cache/apt/**/*.*"), *tree.glob("var/lib/apt/lists/*_*")]:
        packed.unlink()
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, str(tree), "/")
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    buildah("config", "--env", f"PATH={path}", container)
    buildah("commit", "--quiet", "--rm", container, BASE)
    shutil.rmtree(tree)
