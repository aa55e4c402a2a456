"""The GraphQL over HTTP specification's own audits, against a running server."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import Server
from tests.waiting import HANG

FOLDER = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="needs node (Debian: apt-get install nodejs)"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "graphql-http").is_dir(),
        reason="needs its packages: run npm ci --ignore-scripts in tests/audit",
    ),
]


def test_passes_every_audit_of_graphql_over_http(live_server: Server) -> None:
    audit = subprocess.run(
        [NODE, FOLDER / "audit.mjs", f"{live_server.url}/graphql"],
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    faults = [line for line in audit.stdout.splitlines() if not line.startswith("ok ")]
    assert faults == ["61 of 61 ok"], audit.stderr
    assert audit.returncode == 0
