"""The answers: read whatever their dialect, and compared with the documents they must show."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt

from benchmarks.accounts import AUDIENCE, ISSUER, SECRET_KEY, Accounts
from benchmarks.scenarios import PAGE


class WrongAnswer(Exception):  # noqa: N818  what it is, not that it is an error
    """A contender answered something else than the scenario asks for."""


def check(scenario: str, body: bytes, accounts: Accounts, user: dict) -> None:
    """Raise WrongAnswer unless `body`, whatever its dialect, says what it must to `user`."""
    response = json.loads(body)
    # in GraphQL the answer is the one root field, whatever its alias
    root = next(iter(response["data"].values())) if response.get("data") else response
    told = _refused_fields(response) if "errors" in response else TOLD[scenario](root)
    wanted = EXPECTED[scenario](accounts, user)
    if told != wanted:
        raise WrongAnswer(f"{scenario}: {str(told)[:600]}\ninstead of {str(wanted)[:600]}")


def _typename(root: Any) -> Any:
    return root["__typename"] if isinstance(root, dict) else root


def _users(root: dict) -> dict:
    edges, page = root["edges"], root["pageInfo"]
    cursors = {edge["cursor"] for edge in edges}
    return {
        "nodes": [_account(edge["node"]) for edge in edges],
        "has_next": page["hasNextPage"],
        "cursors": len(cursors),
        "end": page["endCursor"] == edges[-1]["cursor"],
    }


def _login(root: dict) -> dict:
    claims = jwt.decode(
        root["tokens"]["accessToken"], SECRET_KEY, ["HS256"], audience=AUDIENCE, issuer=ISSUER
    )
    refresh = jwt.decode(
        root["tokens"]["refreshToken"], SECRET_KEY, ["HS256"], audience=AUDIENCE, issuer=ISSUER
    )
    kinds = [claims["type"], refresh["type"]]
    return {"kinds": kinds, "own": claims["sub"] == refresh["sub"] == _plain_id(root["user"]["id"])}


def _refused_fields(response: dict) -> list[str]:
    errors = response["errors"]
    if isinstance(errors, dict):
        return sorted(errors)
    return sorted({fault["field"] for fault in errors[0]["extensions"]["fields"]})


def _account(told: dict) -> dict:
    made = datetime.fromisoformat(told["createdAt"])
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return told | {"id": _plain_id(told["id"]), "createdAt": made}


def _plain_id(told: str) -> str:
    """The document's own id: graphene-mongo's Relay node wraps it."""
    return told if len(told) == 24 else base64.b64decode(told).decode().partition(":")[2]


def _stored(user: dict) -> dict:
    return {
        "id": str(user["_id"]),
        "email": user["email"],
        "fullName": user["full_name"],
        "active": user["active"],
        "roles": user["roles"],
        "createdAt": user["created_at"],
    }


TOLD: dict[str, Callable[[Any], Any]] = {
    "typename": _typename,
    "me": _account,
    "users": _users,
    "register": lambda root: root,
    "login": _login,
}
EXPECTED: dict[str, Callable[[Accounts, dict], Any]] = {
    "typename": lambda accounts, user: "Query",
    "me": lambda accounts, user: _stored(user),
    "users": lambda accounts, user: {
        "nodes": [_stored(one) for one in accounts.newest(PAGE)],
        "has_next": True,
        "cursors": PAGE,
        "end": True,
    },
    "register": lambda accounts, user: ["email", "password"],
    "login": lambda accounts, user: {"kinds": ["access", "refresh"], "own": True},
}
