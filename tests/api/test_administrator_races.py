"""Administrators who remove each other's role at the same time, on a server with two workers."""

from itertools import cycle, islice

import pytest

from app.models.administrators import Administrators
from app.models.user import User
from tests.api.test_races import run_at_once
from tests.client import Answer, Client, Socket
from tests.factories import PASSWORD, person
from tests.servers import Server

SET_ACTIVE = """
mutation($input: SetUserActiveInput!) { setUserActive(input: $input) { user { id } } }
"""
SET_ROLES = "mutation($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { id } } }"
DELETE = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) { deletedId } }"
LEAVE = "mutation($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedId } }"
CLOSE = """
mutation($input: DeactivateAccountInput!) { deactivateAccount(input: $input) { user { id } } }
"""
# each mutation with its input, given the id of its target
TAKEN_BY_ANOTHER = [
    (SET_ACTIVE, lambda user_id: {"userId": user_id, "active": False}),
    (SET_ROLES, lambda user_id: {"userId": user_id, "roles": ["USER"]}),
    (DELETE, lambda user_id: {"userId": user_id}),
]
GIVEN_UP = [(LEAVE, lambda _: {"password": PASSWORD}), (CLOSE, lambda _: {"password": PASSWORD})]
REFUSALS = {
    *("LAST_ADMIN", "PERMISSION_DENIED", "TOKEN_REVOKED", "ACCOUNT_INACTIVE", "DOES_NOT_EXIST")
}


def create_administrators(api: Client, count: int) -> list[tuple[str, str]]:
    """Create `count` administrators; return their ids and access tokens."""
    made = [api.register(person()).data["register"] for _ in range(count)]
    User.objects.update(set__roles=["USER", "ADMIN"])
    return [(each["user"]["id"], each["tokens"]["accessToken"]) for each in made]


def count_active_administrators() -> int:
    return User.objects(roles="ADMIN", active=True).count()


@pytest.mark.parametrize("ways", [TAKEN_BY_ANOTHER, GIVEN_UP, TAKEN_BY_ANOTHER + GIVEN_UP])
def test_one_administrator_stays_when_all_leave_at_once(
    api: Client, live_server: Server, ways: list
) -> None:
    there = Client(Socket(live_server.url))
    for round_ in range(6):
        User.objects.delete()
        Administrators.objects.delete()  # the first of all losses is a race, too
        admins = create_administrators(api, 2 + round_ % 3)
        chosen = list(islice(cycle(ways[round_ % len(ways) :] + ways), len(admins)))

        def act(index: int, admins: list = admins, chosen: list = chosen) -> Answer:
            document, given = chosen[index]
            target, _ = admins[index - 1]
            return there.send(document, {"input": given(target)}, token=admins[index][1])

        answers = run_at_once(len(admins), act)

        refused = {answer.reason for answer in answers if answer.errors}
        assert refused <= REFUSALS
        assert (
            count_active_administrators() == len(admins) - Administrators.objects.get().losses >= 1
        )
