"""Devices: browser and system, read from the user agent."""

import subprocess
import sys
from time import process_time

import pytest

from app.accounts import devices
from app.accounts.devices import describe_device
from app.models.session import USER_AGENT_LENGTH

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Windows",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0.0.0 Mobile "
            "Safari/537.36",
            "Chrome Mobile, Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Mobile Safari, iOS",
        ),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
            "Chrome, Linux",
        ),
        ("curl/8.5.0", "curl"),
        ("Some app (Android 14)", "Android"),
    ],
)
def test_names_the_known_browser_and_system(user_agent: str, device: str) -> None:
    assert describe_device(user_agent) == device


@pytest.mark.parametrize("rubbish", [None, "", " ", "x", "\x00", "é" * 600, "(" * 600, "\ud800"])
def test_random_text_is_no_device(rubbish: str | None) -> None:
    assert describe_device(rubbish) is None


def test_reads_only_the_stored_part_of_a_user_agent() -> None:
    assert describe_device("x" * (USER_AGENT_LENGTH - len(" curl/8.5.0")) + " curl/8.5.0") == "curl"
    assert describe_device("x" * USER_AGENT_LENGTH + " curl/8.5.0") is None


def measure_reading(user_agent: str) -> float:
    """Return the least processor time of three readings, none of them cached."""
    times = []
    for _ in range(3):
        began = process_time()
        devices._read.__wrapped__(user_agent)
        times.append(process_time() - began)
    return min(times)


def test_hostile_user_agents_take_little_longer_than_ordinary_text() -> None:
    longest = USER_AGENT_LENGTH - 1
    prose = measure_reading(("lorem ipsum " * longest)[:longest])
    for unit in ("a", "Linux", "(", "Mozilla/5.0 ", "Android ", "Chrome/1", "1.1", "like Gecko "):
        assert measure_reading((unit * longest)[:longest]) < 10 * prose


def test_the_patterns_are_loaded_with_the_first_device() -> None:
    ask = (
        "import sys; import app.factory; from app.accounts.devices import describe_device\n"
        "assert 'ua_parser' not in sys.modules\n"
        "describe_device('curl/8.5.0')\n"
        "assert 'ua_parser' in sys.modules"
    )
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
