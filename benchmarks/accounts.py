"""The accounts that every contender serves: the same documents and tokens in every run."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import bcrypt
import jwt
from bson import ObjectId

SECRET_KEY = "benchmarks-only-0123456789abcdef0123456789abcdef"
ISSUER = AUDIENCE = "graphql-accounts"
PASSWORD = "uma frase longa e boa"
SALT = ".benchmarksbenchmarks."  # 22 characters: the same hashes in every run
HASHED_FIRST = "hmac-sha256$"  # app.security.passwords marks its own hashes so

PEOPLE, STAFF = 3000, 200
FEW_PEOPLE = 100  # for the embedded database, which sorts slowly: the first page is the same
NEWEST = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST_NAMES = ("Ana", "João", "Beatriz", "Caio", "Débora", "Érica", "Fábio", "Iara", "Luís", "Zoé")
LAST_NAMES = ("Lima", "Souza", "Araújo", "Conceição", "Nogueira", "Prado", "Queirós", "Teixeira")

ADMIN_EMAIL = "admin@example.com"
LOGIN_EMAIL = "login@example.com"  # its hash as this server makes them
PLAIN_LOGIN_EMAIL = "plain@example.com"  # the same password, as everyone else hashes it


@dataclass(frozen=True)
class Accounts:
    """The documents of both collections, and who signs in."""

    users: list[dict]
    sessions: list[dict]
    rounds: int

    @property
    def staff(self) -> list[dict]:
        """The administrators with a live session, the one known by name first."""
        return [user for user in self.users if "ADMIN" in user["roles"]]

    def by_email(self, email: str) -> dict:
        """The account of an address; KeyError is a fault of the harness."""
        return {user["email"]: user for user in self.users}[email]

    def newest(self, count: int) -> list[dict]:
        """The accounts made last, as a page of `count` shows them."""
        return sorted(self.users, key=lambda user: user["created_at"], reverse=True)[:count]


def make_accounts(rounds: int, many: int = PEOPLE) -> Accounts:
    """People, newest first, and behind them the staff and the two who log in."""
    plain = bcrypt.hashpw(PASSWORD.encode(), _salt(rounds)).decode()
    ours = HASHED_FIRST + bcrypt.hashpw(_digest(PASSWORD, _salt(rounds)), _salt(rounds)).decode()
    emails = [f"pessoa{number:04}@example.com" for number in range(many)]
    people = [_user(number, email, ours) for number, email in enumerate(emails)]
    staff_emails = [ADMIN_EMAIL, *(f"equipe{number:03}@example.com" for number in range(1, STAFF))]
    staff = [_user(PEOPLE + n, email, ours, admin=True) for n, email in enumerate(staff_emails)]
    logins = [
        _user(PEOPLE + STAFF, LOGIN_EMAIL, ours),
        _user(PEOPLE + STAFF + 1, PLAIN_LOGIN_EMAIL, plain),
    ]
    users = people + staff + logins
    sessions = [_session(user) for user in users if user["session_ids"]]
    return Accounts(users, sessions, rounds)


def make_token(user: dict) -> str:
    """An access token for the account's first session, valid for two hours."""
    issued = datetime.now(UTC).replace(microsecond=0)
    claims = {
        "sub": str(user["_id"]),
        "sid": str(user["session_ids"][0]),
        "jti": str(ObjectId()),
        "type": "access",
        "fresh": False,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "nbf": issued,
        "exp": issued + timedelta(hours=2),
    }
    return jwt.encode(claims, SECRET_KEY, "HS256")


def settings(uri: str, port: int, rounds: int) -> dict[str, str]:
    """The environment of every contender: the same names and values for all."""
    return os.environ | {
        "FLASK_ENV": "production",
        "NODE_ENV": "production",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": SECRET_KEY,
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
        "MONGODB_URI": uri,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "2",
        "BCRYPT_ROUNDS": str(rounds),
        "GRAPHIQL": "false",
    }


def _user(number: int, email: str, password_hash: str, *, admin: bool = False) -> dict:
    made = NEWEST - timedelta(minutes=number)
    return {
        "_id": _object_id("user", number),
        "email": email,
        "email_verified": number % 3 != 0,
        "full_name": _full_name(number),
        "password_hash": password_hash,
        "cpf_cnpj": f"{number:011}",
        "date_of_birth": datetime(1950 + number % 55, 1 + number % 12, 1 + number % 28),
        "locale": "pt-BR" if number % 4 else "en",
        "active": True,
        "roles": ["USER", "ADMIN"] if admin else ["USER"],
        "session_ids": [_object_id("session", number)] if admin else [],
        "created_at": made,
        "updated_at": made + timedelta(days=1),
    }


def _session(user: dict) -> dict:
    return {
        "_id": user["session_ids"][0],
        "user_id": user["_id"],
        "refresh_id": f"00000000-0000-4000-8000-{str(user['_id'])[:12]}",
        "rotations": [],
        "user_agent": "benchmarks",
        "ip_address": "127.0.0.1",
        "created_at": user["created_at"],
        "last_used_at": user["created_at"],
        "expires_at": NEWEST + timedelta(days=3650),
    }


def _full_name(number: int) -> str:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    return f"{first} {LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]} {number:04}"


def _object_id(kind: str, number: int) -> ObjectId:
    return ObjectId(hashlib.sha256(f"{kind}{number}".encode()).digest()[:12])


def _salt(rounds: int) -> bytes:
    return f"$2b${rounds:02}${SALT}".encode()


def _digest(password: str, salt: bytes) -> bytes:
    return base64.b64encode(hmac.digest(salt, password.encode(), hashlib.sha256))
