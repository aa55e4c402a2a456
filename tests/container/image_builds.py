"""Builds of images without a container engine: buildah, on a Debian made by debootstrap.

A folder outside the repository keeps the base image and one image for each state of its context,
so that an unchanged image is not built again.
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
PACKAGES = "python3,python3-venv,ca-certificates"  # as in python:3.13-slim-bookworm, here for 3.11
# How pip and npm of this machine reach their registries; none of it stays in the image.
WAYS_OUT = {
    "/etc/ssl/certs": "/etc/ssl/certs",
    "/etc/pip.conf": "/etc/pip.conf",
    "/etc/npmrc": "/root/.npmrc",
}


def find_obstacle() -> str | None:
    """Return why no image can be built here, or None if one can."""
    if os.geteuid() != 0:
        return "only root can build and run the image"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True)
    return tried.stderr.decode() if tried.returncode else None


@contextmanager
def lock_builds() -> Iterator[None]:
    """Lock the folder for this process, and remove what a killed run left in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        buildah("rm", "--all")
        try:
            yield
        finally:
            buildah("rm", "--all")


def buildah(*arguments: str) -> str:
    """Return what the command prints. Raises AssertionError with all its output when it fails."""
    store = ["--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run")]
    run = subprocess.run(
        ["buildah", *store, "--storage-driver", "vfs", *arguments], capture_output=True, text=True
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout.strip()


def build_image(context: Path) -> str:
    """Return the name of the image of a context; build it unless the same one exists."""
    name = f"{IMAGE}:{_hash_context(context)}"
    if name in _list_images():
        return name
    for older in _list_images():
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


def build_extended_image(base: str, context: Path) -> str:
    """Return the name of the image of a context whose Dockerfile begins with ``FROM accounts``."""
    name = f"{IMAGE}-extended:latest"
    buildah("tag", base, "accounts")
    buildah(
        *("bud", "--isolation", "chroot", "--format", "docker", "--layers=false", "--quiet"),
        *("--pull-never", "--tag", name, str(context)),
    )
    return name


def read_settings(name: str) -> dict:
    """Return the configuration of the image: User, Entrypoint, Env, ..."""
    return json.loads(buildah("inspect", "--type", "image", name))["Docker"]["config"]


def unpack_image(name: str) -> Path:
    """Return a new file system of the image, which may be changed."""
    return Path(buildah("mount", buildah("from", "--pull-never", name)))


def _list_images() -> list[str]:
    return buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()


def _hash_context(context: Path) -> str:
    # .dockerignore excludes all other files; changing what it excludes changes the file itself.
    seen = [context / name for name in ("Dockerfile", ".dockerignore", "application.py", "boot.sh")]
    for folder in ("app", "schema", "requirements"):
        seen += [path for path in (context / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for file in sorted(seen):
        digest.update(f"{file.relative_to(context)} {file.stat().st_mode:o}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _make_base() -> None:
    if f"{BASE}:latest" in _list_images():
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
