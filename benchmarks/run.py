"""Make what the benchmark needs, once, then measure: python3 benchmarks/run.py --help.

Everything goes to .venv-bench and benchmarks/node_modules. Needs only the standard library, and
npm for the contenders that run on Node; without it they are left out.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv-bench"
PYTHON = VENV / "bin" / "python"
STRAWBERRY = VENV / "strawberry"
STRAWBERRY_REQUIREMENTS = ROOT / "benchmarks" / "contenders" / "strawberry.txt"
NODE_MODULES = ROOT / "benchmarks" / "node_modules"
LOCK = ROOT / "benchmarks" / "package-lock.json"


def main() -> None:
    """Become the measurement, in its environment."""
    environment = os.environ | {"VENV": str(VENV)}
    for name in ("bench", "prod"):  # serve asks for prod by itself; then it is there
        subprocess.run([ROOT / "boot.sh", "install", name], env=environment, check=True)
    once(STRAWBERRY_REQUIREMENTS, STRAWBERRY / "installed", install_strawberry)
    if shutil.which("npm"):
        once(LOCK, NODE_MODULES / ".installed", install_node_modules)
    os.chdir(ROOT)
    os.execve(PYTHON, [PYTHON, "-m", "benchmarks.measure", *sys.argv[1:]], environment)


def once(wanted: Path, mark: Path, install) -> None:
    """Install unless the mark says that just these versions are there."""
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    print(f"Installing {wanted.relative_to(ROOT)} (once) ...", flush=True)
    install()
    mark.write_text(digest)


def install_strawberry() -> None:
    """Its own environment: it needs another graphql-core."""
    subprocess.run([PYTHON, "-m", "venv", STRAWBERRY], check=True)
    pip = [STRAWBERRY / "bin" / "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", STRAWBERRY_REQUIREMENTS], check=True)


def install_node_modules() -> None:
    """What package-lock.json says, without the packages' scripts."""
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=LOCK.parent, check=True)


if __name__ == "__main__":
    main()
