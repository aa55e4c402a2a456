"""What tests need to play with keys: rotations, and tokens put together by hand."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from flask import Flask

from app.models.signing_key import SigningKey


def flask_keys(app: Flask, *arguments: str) -> str:
    """What `flask keys ...` writes, run in this process; it must succeed."""
    result = app.test_cli_runner().invoke(args=["keys", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def rotated(app: Flask, *arguments: str) -> str:
    """The kid of a new key that signs from now on."""
    flask_keys(app, "rotate", "--at-once", *arguments)
    return newest()["_id"]


def newest() -> dict:
    """The newest key, as stored."""
    return SigningKey._get_collection().find_one(sort=[("number", -1)])


def header(token: str) -> dict:
    """The header of a token."""
    return jwt.get_unverified_header(token)


def claims(token: str) -> dict:
    """The claims of a token."""
    return jwt.decode(token, options={"verify_signature": False})


def by_hand(header: Any, claims: dict, key: bytes | None) -> str:
    """A token with a header that no library would write, by HMAC-SHA-256, or unsigned."""
    parts = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = b"" if key is None else hmac.digest(key, parts, hashlib.sha256)
    return (parts + b"." + _encoded(signature)).decode()


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
