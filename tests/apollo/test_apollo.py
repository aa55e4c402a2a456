"""A front end's session with Apollo Client, including persisted queries, over a socket."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.servers import Server
from tests.waiting import HANG

FOLDER = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="needs node (Debian: apt-get install nodejs)"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "@apollo" / "client").is_dir(),
        reason="needs its packages: run npm ci --ignore-scripts in tests/apollo",
    ),
]


def test_apollo_client_holds_a_session(live_server: Server) -> None:
    """Pass the script the key so that it can make an expired access token."""
    session = subprocess.run(
        [NODE, FOLDER / "session.mjs", f"{live_server.url}/graphql"],
        env={**os.environ, "TEST_SECRET_KEY": SECRET_KEY},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert session.returncode == 0, session.stdout + session.stderr
    assert session.stdout.splitlines()[-1] == "session ok"
