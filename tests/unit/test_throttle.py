"""Throttling: which attempts count, for how long, and how long the next one is blocked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app import config
from app.errors import AccountError, ErrorReason
from app.models.attempt import Attempts
from app.security.throttle import Action, count_request, limit_attempts
from tests.client import Client

WINDOW = 15 * 60
pytestmark = pytest.mark.usefixtures("api", "stopped_throttle_clock")  # over an empty database


@pytest.fixture
def three_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_current", replace(config.current(), throttle_address_failures=3))


def age_attempts(seconds: float) -> None:
    """Make all stored attempts older by this many seconds."""
    kept, by = Attempts._get_collection(), timedelta(seconds=seconds)
    for found in kept.find():
        failures = [one | {"at": one["at"] - by} for one in found["failures"]]
        free_at = found["free_at"] and found["free_at"] - by
        changed = {"failures": failures, "free_at": free_at, "expires_at": found["expires_at"] - by}
        kept.update_one({"_id": found["_id"]}, {"$set": changed})


def name_outcome(run: Callable[[], object]) -> str:
    try:
        run()
    except AccountError as error:
        return error.reason.name
    return "right"


def make_guess(
    told: ErrorReason | None = ErrorReason.INVALID_CREDENTIALS,
    *,
    action: Action = Action.LOGIN,
    account: str | None = "ana@example.com",
    address: str | None = None,
) -> str:
    """Make a guess that fails with `told`, or that is right for None; return its outcome."""

    def run() -> None:
        with limit_attempts(action, account=account, address=address):
            if told:
                raise AccountError(told)

    return name_outcome(run)


def guess_wrong(times: int, **where: str | None) -> list[str]:
    return [make_guess(**where) for _ in range(times)]


WRONG, BLOCKED = "INVALID_CREDENTIALS", "TOO_MANY_ATTEMPTS"


def test_five_wrong_guesses_block_an_account() -> None:
    assert guess_wrong(7) == [WRONG] * 5 + [BLOCKED] * 2
    assert guess_wrong(1, account="bia@example.com") == [WRONG]


def test_a_blocked_guess_does_not_run() -> None:
    guess_wrong(5)
    ran = []
    with (
        pytest.raises(AccountError) as refused,
        limit_attempts(Action.LOGIN, account="ana@example.com", address=None),
    ):
        ran.append(True)
    assert ran == []
    assert refused.value.reason is ErrorReason.TOO_MANY_ATTEMPTS
    assert refused.value.retry_after == 30


def test_the_wait_doubles_with_each_further_failure_up_to_15_minutes() -> None:
    guess_wrong(4)
    waits = []
    for _ in range(8):
        assert guess_wrong(2) == [WRONG, BLOCKED]
        found = Attempts._get_collection().find_one()
        waits.append((found["free_at"] - found["failures"][-1]["at"]).total_seconds())
        age_attempts(waits[-1])
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_blocked_guess_does_not_lengthen_the_block() -> None:
    guess_wrong(5)
    before = Attempts._get_collection().find_one()
    assert guess_wrong(3, address="192.0.2.1") == [BLOCKED] * 3
    assert Attempts._get_collection().find_one({"_id": before["_id"]}) == before
    counted = [len(found["failures"]) for found in Attempts._get_collection().find()]
    assert sorted(counted) == [0, 5]


@pytest.mark.parametrize(("later", "then"), [(-2, [WRONG, BLOCKED]), (0, [WRONG, WRONG])])
def test_only_failures_of_the_last_15_minutes_count(later: int, then: list[str]) -> None:
    guess_wrong(1)
    age_attempts(600)
    guess_wrong(3)
    age_attempts(WINDOW - 600 + later)
    assert guess_wrong(2) == then


def test_a_blocked_account_starts_again_after_a_window_without_failures() -> None:
    guess_wrong(5)
    age_attempts(30 + WINDOW)
    assert guess_wrong(6) == [WRONG] * 5 + [BLOCKED]


def test_a_block_is_remembered_until_then() -> None:
    guess_wrong(5)
    age_attempts(30 + WINDOW - 2)
    assert guess_wrong(2) == [WRONG, BLOCKED]


@pytest.mark.parametrize("action", list(Action))
def test_a_right_guess_clears_the_failures_of_the_account(action: Action) -> None:
    assert [make_guess(action=action) for _ in range(4)] == [WRONG] * 4
    assert make_guess(None, action=action) == "right"
    assert [make_guess(action=action) for _ in range(6)] == [WRONG] * 5 + [BLOCKED]


@pytest.mark.usefixtures("three_of_an_address")
def test_a_right_guess_keeps_the_failures_of_the_address() -> None:
    assert guess_wrong(2, address="192.0.2.1") == [WRONG] * 2
    assert make_guess(None, account="bia@example.com", address="192.0.2.1") == "right"
    assert guess_wrong(2, account="caio@example.com", address="192.0.2.1") == [WRONG, BLOCKED]


@pytest.mark.usefixtures("three_of_an_address")
def test_right_guesses_of_an_address_do_not_count() -> None:
    accounts = [f"pessoa{number}@example.com" for number in range(6)]
    assert [make_guess(None, account=one, address="192.0.2.1") for one in accounts] == ["right"] * 6


@pytest.mark.parametrize("action", [Action.LOGIN, Action.REFRESH])
@pytest.mark.parametrize("told", ["OVERLOADED", "DATABASE_UNAVAILABLE", "INVALID_DATA"])
@pytest.mark.usefixtures("three_of_an_address")
def test_errors_unrelated_to_the_guess_do_not_count(told: str, action: Action) -> None:
    where = {"action": action, "address": "192.0.2.1"}
    assert [make_guess(**where) for _ in range(2)] == [WRONG] * 2
    refusals = [make_guess(ErrorReason[told], **where) for _ in range(9)]
    assert refusals == [told] * 9
    assert [len(found["failures"]) for found in Attempts._get_collection().find()] == [2, 2]
    assert [make_guess(**where) for _ in range(2)] == [WRONG, BLOCKED]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("told", ["LINK_INVALID", "LINK_EXPIRED", "TOKEN_REUSED"])
def test_every_other_refusal_counts(told: str, action: Action) -> None:
    refusals = [make_guess(ErrorReason[told], action=action) for _ in range(6)]
    assert refusals == [told] * 5 + [BLOCKED]


@pytest.mark.usefixtures("three_of_an_address")
def test_an_address_is_blocked_whatever_the_account() -> None:
    accounts = [f"pessoa{number}@example.com" for number in range(4)]
    told = [make_guess(account=account, address="192.0.2.1") for account in accounts]
    assert told == [WRONG] * 3 + [BLOCKED]
    assert make_guess(account=accounts[3], address="192.0.2.2") == WRONG


@pytest.mark.parametrize(
    ("another", "then"),
    [
        ("2001:db8:0:1:ffff::9", BLOCKED),
        ("2001:db8:0:2::1", WRONG),
        ("2001:db9:0:1::1", WRONG),
    ],
)
@pytest.mark.usefixtures("three_of_an_address")
def test_an_ipv6_address_counts_as_its_64_bit_network(another: str, then: str) -> None:
    assert guess_wrong(3, account=None, address="2001:db8:0:1::1") == [WRONG] * 3
    assert make_guess(account=None, address=another) == then


def test_actions_are_counted_separately() -> None:
    assert guess_wrong(6) == [WRONG] * 5 + [BLOCKED]
    for action in set(Action) - {Action.LOGIN}:
        assert make_guess(action=action) == WRONG


@pytest.mark.parametrize("action", list(Action))
def test_attempts_without_account_and_address_are_not_counted(
    api: Client, commands: list[str], action: Action
) -> None:
    assert [make_guess(action=action, account=None) for _ in range(9)] == [WRONG] * 9
    assert make_guess(None, action=action, account=None) == "right"
    assert commands == []


def test_a_request_that_always_counts_is_refused_the_sixth_time() -> None:
    def ask() -> None:
        count_request(Action.RESET_REQUEST, account="ana@example.com", address="192.0.2.1")

    assert [name_outcome(ask) for _ in range(7)] == ["right"] * 5 + [BLOCKED] * 2


def test_stored_attempts_have_no_personal_data() -> None:
    guess_wrong(1, account="ana@example.com", address="192.0.2.1")
    found = list(Attempts._get_collection().find())
    assert [set(one) for one in found] == [{"_id", "failures", "free_at", "expires_at"}] * 2
    assert all(len(bytes.fromhex(one["_id"])) == 32 for one in found)
    assert [set(one["failures"][0]) for one in found] == [{"at", "by"}] * 2


def test_stored_attempts_expire() -> None:
    guess_wrong(5)
    found = Attempts._get_collection().find_one()
    assert found["expires_at"] - found["free_at"] == timedelta(seconds=WINDOW)
    indexes = Attempts._get_collection().index_information()
    assert indexes["expires_at_1"]["expireAfterSeconds"] == 0


def test_fifty_guesses_at_once_run_five_times() -> None:
    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(lambda _: make_guess(address="192.0.2.1"), range(50)))
    assert sorted(told) == [WRONG] * 5 + [BLOCKED] * 45
    counted = [len(found["failures"]) for found in Attempts._get_collection().find()]
    assert counted == [5, 5]


def test_fifty_accounts_at_once_are_all_counted_under_their_address() -> None:
    with ThreadPoolExecutor(50) as pool:
        told = pool.map(lambda n: make_guess(account=str(n), address="192.0.2.1"), range(50))
    assert set(told) == {WRONG}
    counted = [len(found["failures"]) for found in Attempts._get_collection().find()]
    assert sorted(counted) == [1] * 50 + [50]


def test_a_right_token_takes_one_read_and_a_wrong_one_also_a_write(
    api: Client, commands: list[str]
) -> None:
    where = {"action": Action.REFRESH, "account": None, "address": "192.0.2.1"}
    assert make_guess(None, **where) == "right"
    assert commands == ["find"]
    commands.clear()
    assert make_guess(**where) == WRONG
    assert commands == ["find", "update"]


def test_a_guess_takes_two_commands_and_a_blocked_one_three(
    api: Client, commands: list[str]
) -> None:
    assert make_guess(None, address="192.0.2.1") == "right"
    assert commands == ["update", "update"]
    guess_wrong(5)
    commands.clear()
    assert make_guess(address="192.0.2.1") == BLOCKED
    assert commands == ["update", "find", "update"]
