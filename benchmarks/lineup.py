"""Who is measured: each started as its own documentation says for production, two processes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT

HERE = Path(__file__).parent / "contenders"
STRAWBERRY_PYTHON = ROOT / ".venv-bench" / "strawberry" / "bin" / "python"


@dataclass(frozen=True)
class Contender:
    """One server.

    command: how it is started, given the port. plain_hash: whether its login knows plain bcrypt
    hashes alone. packages: whose versions tell what was measured.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    packages: tuple[str, ...]
    kind: str = "python"
    graphql: bool = True
    plain_hash: bool = True


def _ours(_: int) -> list[str]:
    return [str(ROOT / "boot.sh"), "serve"]


def _gunicorn(module: str) -> Callable[[int], list[str]]:
    return lambda port: [
        sys.executable, "-m", "gunicorn", f"benchmarks.contenders.{module}:app",
        "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "75",
        "--bind", f"127.0.0.1:{port}", "--no-control-socket",
    ]  # fmt: skip


def _uvicorn(port: int) -> list[str]:
    return [
        str(STRAWBERRY_PYTHON), "-m", "uvicorn", "benchmarks.contenders.strawberry_app:app",
        "--workers", "2", "--host", "127.0.0.1", "--port", str(port), "--timeout-keep-alive", "75",
        "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


def _node(module: str) -> Callable[[int], list[str]]:
    return lambda _: ["node", str(HERE / module)]


FLASK, BEFORE = "flask", "before"


def another_checkout(folder: Path) -> Contender:
    """This server as it is in another checkout, with an environment of its own."""
    start = ["env", f"VENV={folder / '.venv'}", str(folder / "boot.sh"), "serve"]
    return Contender(BEFORE, f"this server in {folder.name}", lambda _: start, (), plain_hash=False)


CONTENDERS = (
    Contender(
        "ours", "this server", _ours,
        ("Flask", "graphene", "graphql-core", "pymongo", "granian"), plain_hash=False,
    ),
    Contender(
        FLASK, "bare Flask route", _gunicorn("flask_route"),
        ("Flask", "Flask-JWT-Extended", "pymongo", "marshmallow", "gunicorn"), graphql=False,
    ),
    Contender(
        "naive", "tutorial stack", _gunicorn("naive"),
        ("Flask", "graphql-server", "graphene-mongo", "mongoengine", "gunicorn"),
    ),
    Contender(
        "strawberry", "Strawberry on FastAPI", _uvicorn,
        ("strawberry-graphql", "graphql-core", "fastapi", "uvicorn", "uvloop", "pymongo"),
        kind="strawberry",
    ),
    Contender(
        "apollo", "Apollo Server", _node("apollo.mjs"),
        ("@apollo/server", "graphql", "mongodb", "jsonwebtoken"), kind="node",
    ),
    Contender(
        "mercurius", "Mercurius with jit", _node("mercurius.mjs"),
        ("mercurius", "graphql-jit", "fastify", "@fastify/jwt", "mongodb"), kind="node",
    ),
)  # fmt: skip
