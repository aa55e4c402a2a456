"""Helpers for tests of signing keys: rotation, and tokens built by hand."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from flask import Flask

from app.models.signing_key import SigningKey


def flask_keys(app: Flask, *arguments: str) -> str:
    """Run `flask keys ...` in this process and return its output; fail if it fails."""
    result = app.test_cli_runner().invoke(args=["keys", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def rotate_key(app: Flask, *arguments: str) -> str:
    """Create a new key that signs from now on; return its kid."""
    flask_keys(app, "rotate", "--at-once", *arguments)
    return load_newest_key()["_id"]


def load_newest_key() -> dict:
    """Return the newest key, as stored."""
    return SigningKey._get_collection().find_one(sort=[("number", -1)])


def header(token: str) -> dict:
    """Return the header of a token."""
    return jwt.get_unverified_header(token)


def claims(token: str) -> dict:
    """Return the claims of a token."""
    return jwt.decode(token, options={"verify_signature": False})


def build_token(header: Any, claims: dict, key: bytes | None) -> str:
    """Return a token with any header, signed with HMAC-SHA-256, or unsigned."""
    parts = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = b"" if key is None else hmac.digest(key, parts, hashlib.sha256)
    return (parts + b"." + _encoded(signature)).decode()


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
