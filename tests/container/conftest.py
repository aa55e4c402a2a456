"""Fixtures of the container tests: the image of this working tree, and its secrets."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container import image_builds
from tests.container.running import Image

CANARY = "segredo-que-nao-pode-entrar"
# Files that a working tree may have and no image may contain.
DECOYS = (
    ".env",
    ".env.production",
    "app/.env",
    "secret_key",
    "deploy/compose/secret_key",
    ".git/config",
    ".data/embedded.wt",
    "development/left.py",
    "node_modules/left/index.js",
    "app/web/pages/graphiql/node_modules/left/index.js",
    "app/__pycache__/left.cpython-311.pyc",
)


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context of `docker build .`: this working tree, with files that no image may contain."""
    folder = tmp_path_factory.mktemp("context")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=image_builds.ROOT, capture_output=True, check=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (image_builds.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image_builds.ROOT / name, folder / name)
    for name in DECOYS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CANARY)
    return folder


@pytest.fixture(scope="session")
def image(context: Path) -> Iterator[Image]:
    """The unpacked image of this working tree."""
    reason = image_builds.find_obstacle()
    if reason:
        pytest.skip(f"THE IMAGE IS NOT TESTED: {reason}")
    with image_builds.lock_builds():
        name = image_builds.build_image(context)
        root = image_builds.unpack_image(name)
        (root / "run" / "secrets").mkdir(parents=True, exist_ok=True)
        yield Image(root, image_builds.read_settings(name))


@pytest.fixture(scope="session")
def extended_image(image: Image, context: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The unpacked image of examples/extension, built as docs/extending.md says."""
    folder = tmp_path_factory.mktemp("extension") / "extension"
    shutil.copytree(image_builds.ROOT / "examples" / "extension", folder)
    install = ("-m", "pip", "install", "--quiet", "--target", ".", "-r", "requirements.txt")
    subprocess.run([sys.executable, *install], cwd=folder, check=True)
    name = image_builds.build_extended_image(image_builds.build_image(context), folder)
    root = image_builds.unpack_image(name)
    (root / "run" / "secrets").mkdir(parents=True, exist_ok=True)
    return Image(root, image_builds.read_settings(name))


@pytest.fixture(scope="session")
def secrets(database_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with secrets that only the user of the container can read."""
    folder = tmp_path_factory.mktemp("secrets")
    values = {"secret_key": "only-for-tests-" * 4, "mongodb_uri": database_uri}
    for name, value in values.items():
        file = folder / name
        file.write_text(f"{value}\n")
        file.chmod(0o400)
        os.chown(file, 10001, 10001)
    folder.chmod(0o755)
    return folder
