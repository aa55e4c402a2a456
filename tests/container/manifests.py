"""compose.yaml and deploy/kubernetes, as read by the tools that apply them."""

import json
import subprocess
import sys
import venv
from pathlib import Path

from tests.container import image_builds

PINS = image_builds.ROOT / "requirements" / "manifests.txt"
AS_JSON = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)"


def install_tools() -> Path:
    """Return the folder of the tools' commands, installed once for each set of pinned versions.

    Raises CalledProcessError when the installation fails.
    """
    folder = image_builds.FOLDER / f"tools-{sys.version_info.major}.{sys.version_info.minor}"
    mark, pins = folder / "installed", PINS.read_text(encoding="utf-8")
    if not mark.exists() or mark.read_text(encoding="utf-8") != pins:
        venv.create(folder, clear=True, with_pip=True)
        command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", PINS]
        subprocess.run(command, check=True)
        mark.write_text(pins, encoding="utf-8")
    return folder / "bin"


def build_kubernetes_objects(out: Path) -> list[dict]:
    """Return the objects of deploy/kubernetes, built by kustomize; write them to `out` as YAML."""
    rendered = run("kubectl", "kustomize", str(image_builds.ROOT / "deploy" / "kubernetes"))
    out.write_text(rendered, encoding="utf-8")
    return json.loads(run("python", "-c", AS_JSON, given=rendered))


def load_compose_file() -> dict:
    """Return the content of compose.yaml as docker compose resolves it."""
    file = str(image_builds.ROOT / "compose.yaml")
    nothing = {"--env-file": "/dev/null", "-f": file}
    options = [part for pair in nothing.items() for part in pair]
    return json.loads(run("docker-compose", *options, "config", "--format", "json"))


def run(tool: str, *arguments: str, given: str = "") -> str:
    """Return what the tool prints. Raises AssertionError with all its output when it fails."""
    command = [str(install_tools() / tool), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, env={"HOME": "/"})
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
