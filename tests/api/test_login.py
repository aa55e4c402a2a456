"""login: a person signs in with e-mail and password."""

from datetime import datetime

import bcrypt
import pytest

from app.accounts.proofs import password as proof
from app.clock import now
from app.models.credentials import change_password
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.user import MAX_SESSIONS, User
from tests.client import Client
from tests.factories import PASSWORD, person


def update_account(email: str, **values: object) -> None:
    User._get_collection().update_one({"email": email}, {"$set": values})


def load_account(email: str) -> dict:
    return User._get_collection().find_one({"email": email})


@pytest.mark.parametrize("typed", ["ana@example.com", "ANA@Example.COM", " ana@example.com"])
def test_ignores_the_case_of_the_address(api: Client, typed: str) -> None:
    registered = api.register(person(email="ana@example.com")).data["register"]["user"]
    answer = api.login(typed, PASSWORD)
    assert answer.errors == []
    assert answer.data["login"]["user"]["id"] == registered["id"]
    token = answer.data["login"]["tokens"]["accessToken"]
    assert api.me(token).data["me"]["email"] == "ana@example.com"


def test_stores_the_time_of_the_login(api: Client) -> None:
    api.register(person(email="ana@example.com"))
    before = now()
    user = api.login("ana@example.com", PASSWORD).data["login"]["user"]
    noted = datetime.fromisoformat(user["lastLoginAt"])
    assert before <= noted <= now()
    assert load_account("ana@example.com")["last_login_at"] == noted


def read_refusal(api: Client, email: str, password: str) -> dict:
    answer = api.login(email, password)
    assert answer.status == 200
    assert answer.data == {"login": None}
    error = answer.error
    error["extensions"].pop("requestId")
    return error


def test_unknown_address_wrong_password_and_inactive_account_get_the_same_answer(
    api: Client,
) -> None:
    api.register(person(email="ana@example.com"))
    api.register(person(email="inativa@example.com"))
    update_account("inativa@example.com", active=False)
    sessions = Session.objects.count()
    unknown = read_refusal(api, "ninguem@example.com", PASSWORD)
    assert unknown["extensions"] == {"code": "UNAUTHENTICATED", "reason": "INVALID_CREDENTIALS"}
    assert read_refusal(api, "ana@example.com", "outra frase longa") == unknown
    assert read_refusal(api, "inativa@example.com", PASSWORD) == unknown
    assert Session.objects.count() == sessions
    assert "last_login_at" not in load_account("ana@example.com")


def test_refusals_take_the_same_time(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure time as the number of bcrypt runs and their cost."""
    api.register(person(email="ana@example.com"))
    api.register(person(email="inativa@example.com"))
    update_account("inativa@example.com", active=False)
    runs: list[int] = []
    real = bcrypt.checkpw

    def counted(password: bytes, known: bytes) -> bool:
        runs.append(int(known[4:6]))
        return real(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    for email in ("ninguem@example.com", "ana@example.com", "inativa@example.com"):
        api.login(email, "outra frase longa")
    api.login("inativa@example.com", PASSWORD)
    assert runs == [4, 4, 4, 4]


def test_invalid_input_is_reported_by_field(api: Client) -> None:
    answer = api.login(" ", "")
    assert answer.reason == "INVALID_DATA"
    assert answer.fields == {"email": "REQUIRED", "password": "REQUIRED"}
    assert api.login("ana", "x").fields == {"email": "INVALID_EMAIL"}
    assert api.login("a@example.com", "x" * 1025).fields == {"password": "TOO_LONG"}


def test_an_imported_bcrypt_hash_is_accepted_and_upgraded(api: Client) -> None:
    api.register(person(email="ana@example.com"))
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    update_account("ana@example.com", password_hash=plain)
    assert api.login("ana@example.com", "outra frase longa").reason == "INVALID_CREDENTIALS"
    assert load_account("ana@example.com")["password_hash"] == plain
    assert api.login("ana@example.com", PASSWORD).errors == []
    assert load_account("ana@example.com")["password_hash"].startswith("hmac-sha256$$2b$04$")
    assert api.login("ana@example.com", PASSWORD).errors == []


def test_a_hash_of_another_cost_is_upgraded(api: Client) -> None:
    from app.security import passwords

    api.register(person(email="ana@example.com"))
    salt = bcrypt.gensalt(5)
    old = passwords.PREFIX + bcrypt.hashpw(passwords._digest(PASSWORD, salt), salt).decode()
    update_account("ana@example.com", password_hash=old)
    assert api.login("ana@example.com", PASSWORD).errors == []
    assert load_account("ana@example.com")["password_hash"].startswith("hmac-sha256$$2b$04$")


def test_a_password_change_during_the_login_makes_it_fail(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.register(person(email="ana@example.com"))
    sessions = Session.objects.count()
    real = proof.check_password

    def meanwhile_changed(password: str, known: str) -> bool:
        changes = change_password("hmac-sha256$another")
        User._get_collection().update_one({"email": "ana@example.com"}, {"$set": changes})
        return real(password, known)

    monkeypatch.setattr(proof, "check_password", meanwhile_changed)
    assert api.login("ana@example.com", PASSWORD).reason == "INVALID_CREDENTIALS"
    assert load_account("ana@example.com")["password_hash"] == "hmac-sha256$another"
    assert Session.objects.count() == sessions


def test_a_session_over_the_limit_ends_the_oldest(api: Client) -> None:
    first = api.register(person(email="ana@example.com")).data["register"]["tokens"]["accessToken"]
    for _ in range(MAX_SESSIONS - 1):
        last = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]["accessToken"]
    assert api.me(first).errors == []
    last = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]["accessToken"]
    assert api.me(first).reason == "TOKEN_REVOKED"
    assert api.me(last).errors == []
    assert len(load_account("ana@example.com")["session_ids"]) == MAX_SESSIONS


def test_stores_the_device_and_address_of_a_session(api: Client) -> None:
    api.register(person(email="ana@example.com"))
    api.login("ana@example.com", PASSWORD, headers={"User-Agent": "Navegador/1 " + "x" * 600})
    session = Session.objects.order_by("-id").first()
    assert session.user_agent == ("Navegador/1 " + "x" * 600)[:512]
    assert session.ip_address == "127.0.0.1"


def test_a_concurrent_hash_upgrade_does_not_make_the_login_fail(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.register(person(email="ana@example.com"))
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    update_account("ana@example.com", password_hash=plain)
    real = proof.hash_password

    def another_first(password: str) -> str:
        update_account("ana@example.com", password_hash=real(password))
        return real(password)

    monkeypatch.setattr(proof, "hash_password", another_first)
    assert api.login("ana@example.com", PASSWORD).errors == []


def test_a_login_refused_during_a_deletion_stores_an_anonymous_event(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = api.register(person()).data["register"]["user"]["email"]
    compare = proof.check_password

    def deleted_while_hashing(*arguments: str) -> bool:
        User.objects(email=email).delete()
        return compare(*arguments)

    monkeypatch.setattr(proof, "check_password", deleted_while_hashing)
    assert api.login(email, "uma senha errada").reason == "INVALID_CREDENTIALS"
    (refused,) = SecurityEvent._get_collection().find({"type": "LOGIN_REFUSED"})
    assert {"user_id", "ip_address", "user_agent"} & refused.keys() == set()
