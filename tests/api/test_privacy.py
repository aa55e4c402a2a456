"""exportMyData, deactivateAccount, deleteAccount: reading personal data, and leaving."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest
from bson import json_util
from graphene.utils.str_converters import to_camel_case
from mongoengine import EmbeddedDocumentField, ListField
from pymongo import MongoClient

from app.clock import now
from app.models.administrators import Administrators
from app.models.attempt import Attempts
from app.models.export_policy import PERSONAL_DOCUMENTS
from app.models.indexes import DOCUMENTS
from app.models.outgoing_mail import OutgoingMail
from app.models.persisted_operation import PersistedOperation
from app.models.privacy import MOST_SESSIONS, remove_account
from app.models.security_event import SecurityEvent, SecurityEventType
from app.models.session import Session, hold_session
from app.models.signing_key import SigningKey
from app.models.transaction import in_transaction
from app.models.user import User
from app.profile_fields import PROFILE_FIELDS
from app.security.audit import record
from tests.api.test_races import run_at_once
from tests.client import Answer, Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import PASSWORD, person
from tests.mailbox import deliver_letter
from tests.processes import start_database, stop
from tests.servers import Server, start_server
from tests.waiting import HANG

ROOT = Path(__file__).resolve().parent.parent.parent
EXPORT = """
mutation Export($password: String!) {
  exportMyData(input: {password: $password}) { generatedAt document }
}
"""
DEACTIVATE = """
mutation Deactivate($password: String!) {
  deactivateAccount(input: {password: $password}) { user { id email active } }
}
"""
DELETE = """
mutation Delete($password: String!) {
  deleteAccount(input: {password: $password}) { deletedId }
}
"""
UPDATE = """
mutation Update($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }
"""
REQUEST_CHANGE = """
mutation Change($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { accepted } }
"""
VERIFY = "mutation Verify($token: String!) { verifyEmail(input: {token: $token}) { user { id } } }"
ALL_THREE = {"exportMyData": EXPORT, "deactivateAccount": DEACTIVATE, "deleteAccount": DELETE}
OF_NOBODY = {  # texts of programs, numbers under keyed hashes, the server's own keys, a count
    *(PersistedOperation, Attempts, SigningKey, Administrators)
}
ANA = {
    "email": "ana@example.com",
    "fullName": "Ana Lima",
    "cpfCnpj": "52998224725",
    "dateOfBirth": "1990-02-28",
    "locale": "en",
}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"


def register_account(api: Client, **given: object) -> dict:
    """Register an account; return its tokens."""
    answer = api.register(person(**given), headers={"User-Agent": BROWSER})
    return answer.data["register"]["tokens"]


def ask(api: Client, mutation: str, token: str | None, password: str = PASSWORD) -> Answer:
    headers = {"User-Agent": BROWSER}
    return api.send(mutation, {"password": password}, token=token, headers=headers)


def export_data(api: Client, token: str) -> dict:
    """Return the exported data of the caller."""
    answer = ask(api, EXPORT, token)
    assert answer.errors == []
    return json.loads(answer.data["exportMyData"]["document"])


def read_stored_data() -> dict[str, list[dict]]:
    """Return all stored data, without throttling."""
    kept = [document._get_collection() for document in DOCUMENTS if document is not Attempts]
    return {collection.name: list(collection.find(sort=[("_id", 1)])) for collection in kept}


def read_database(uri: str) -> dict[str, list[dict]]:
    """Return all that is stored in the database at this URI."""
    with MongoClient(uri) as client:
        database = client.get_default_database()
        return {name: list(database[name].find()) for name in database.list_collection_names()}


def dump_database() -> str:
    """Return all that is stored in any collection, as text."""
    database = User._get_collection().database
    return json_util.dumps([list(database[n].find()) for n in database.list_collection_names()])


def count_event_types(**where: Any) -> Counter:
    return Counter(event["type"] for event in SecurityEvent._get_collection().find(where))


def test_exports_all_data_of_the_account(api: Client) -> None:
    token = register_account(api, **ANA)["accessToken"]
    api.send(
        UPDATE, {"input": {"address": {"city": "Recife", "zipCode": "50030-230"}}}, token=token
    )
    stored = User._get_collection().find_one()
    before = datetime.now(UTC).replace(microsecond=0)
    answer = ask(api, EXPORT, token)
    payload = answer.data["exportMyData"]
    document = json.loads(payload["document"])
    generated_at = datetime.fromisoformat(payload["generatedAt"])
    assert before <= generated_at <= datetime.now(UTC)
    assert datetime.fromisoformat(document["generatedAt"]) == generated_at
    assert set(document) == {
        *("generatedAt", "account", "sessions", "securityEvents", "pendingMail", "cut")
    }
    assert document["cut"] == []
    assert document["account"] == {
        **dict.fromkeys(map(to_camel_case, PROFILE_FIELDS)),  # null, except the fields below
        "id": str(stored["_id"]),
        "email": "ana@example.com",
        "emailVerified": False,
        "fullName": "Ana Lima",
        "cpfCnpj": "52998224725",
        "dateOfBirth": "1990-02-28",
        "address": {
            "zipCode": "50030230",
            "street": None,
            "number": None,
            "complement": None,
            "neighborhood": None,
            "city": "Recife",
            "state": None,
            "country": "BRA",
        },
        "locale": "en",
        "active": True,
        "roles": ["USER"],
        "links": None,
        "createdAt": stored["created_at"].isoformat(),
        "updatedAt": stored["updated_at"].isoformat(),
        "lastLoginAt": None,
    }


def test_exports_every_session_and_event(api: Client) -> None:
    token = register_account(api, **ANA)["accessToken"]
    other = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]
    api.refresh(other["refreshToken"])
    later = datetime.now(UTC) + timedelta(days=1)
    Session(user_id=User.objects.get().id, refresh_id="left", expires_at=later).add()
    document = export_data(api, token)
    left, second, first = document["sessions"]
    stored = Session._get_collection().find_one({"user_agent": BROWSER})
    assert datetime.fromisoformat(first.pop("lastUsedAt")) == stored["last_used_at"]
    assert first == {
        "id": str(stored["_id"]),
        "userId": str(User.objects.get().id),
        "userAgent": BROWSER,
        "ipAddress": "127.0.0.1",
        "createdAt": stored["created_at"].isoformat(),
        "expiresAt": stored["expires_at"].isoformat(),
        "rotations": [],
        "live": True,
    }
    assert [set(rotation) for rotation in second["rotations"]] == [{"at"}]
    assert (left["live"], second["live"]) == (False, True)
    events = document["securityEvents"]
    assert [event["type"] for event in events] == ["DATA_EXPORTED", "LOGGED_IN", "REGISTERED"]
    newest = SecurityEvent._get_collection().find_one({"type": "DATA_EXPORTED"})
    assert events[0] == {
        "id": str(newest["_id"]),
        "userId": str(User.objects.get().id),
        "type": "DATA_EXPORTED",
        "at": newest["at"].isoformat(),
        "ipAddress": "127.0.0.1",
        "userAgent": BROWSER,
        "expiresAt": newest["expires_at"].isoformat(),
    }


def test_exports_mail_that_is_not_sent_yet(api: Client) -> None:
    token = register_account(api, **ANA)["accessToken"]
    register_account(api)  # another account, which has mail, too
    api.send(
        REQUEST_CHANGE,
        {"input": {"newEmail": "ana@example.org", "password": PASSWORD}},
        token=token,
        headers={"User-Agent": BROWSER},
    )
    document = export_data(api, token)
    mails = {mail["kind"]: mail for mail in document["pendingMail"]}
    assert set(mails) == {"VERIFY_EMAIL", "CHANGE_EMAIL", "EMAIL_CHANGE_REQUESTED"}
    assert mails["VERIFY_EMAIL"]["to"] == "ana@example.com"
    assert mails["CHANGE_EMAIL"]["to"] == "ana@example.org"
    stored = OutgoingMail._get_collection().find_one({"kind": "EMAIL_CHANGE_REQUESTED"})
    assert mails["EMAIL_CHANGE_REQUESTED"]["createdAt"] == stored["created_at"].isoformat()
    assert mails["EMAIL_CHANGE_REQUESTED"]["details"]["userAgent"] == BROWSER
    assert mails["CHANGE_EMAIL"]["details"] == {}, "its link's id is nobody's business"
    assert document["account"]["links"]["changeEmail"]["email"] == "ana@example.org"


def test_exports_no_secret(api: Client) -> None:
    tokens = register_account(api, **ANA)
    fresh = api.refresh(tokens["refreshToken"]).data["refreshToken"]["tokens"]
    deliver_letter("VERIFY_EMAIL")  # arms its link
    asked = {"newEmail": "ana@example.org", "password": PASSWORD}
    api.send(REQUEST_CHANGE, {"input": asked}, token=tokens["accessToken"])
    text = json.dumps(export_data(api, tokens["accessToken"]))
    account, session = User._get_collection().find_one(), Session._get_collection().find_one()
    (rotation,) = session["rotations"]
    mails = list(OutgoingMail._get_collection().find())
    links = account["links"]
    secrets = [
        account["password_hash"],
        account["credential_version"],
        *(session["refresh_id"], rotation["used"], rotation["successor"]),
        *(links["verify_email"]["id"], links["change_email"]["id"]),
        *(mail["_id"] for mail in mails),
        *(issued[kind] for issued in (tokens, fresh) for kind in ("accessToken", "refreshToken")),
        PASSWORD,
    ]
    assert len(mails) == 2
    assert [secret for secret in map(str, secrets) if secret in text] == []


def test_marks_what_was_truncated(api: Client) -> None:
    token = register_account(api, **ANA)["accessToken"]
    user_id = User.objects.get().id
    left = {"user_id": user_id, "refresh_id": "left", "expires_at": datetime(2999, 1, 1)}
    Session._get_collection().insert_many([dict(left) for _ in range(MOST_SESSIONS)])
    document = export_data(api, token)
    assert document["cut"] == ["sessions"]
    assert len(document["sessions"]) == MOST_SESSIONS


def find_embedded_documents(document: type) -> set[type]:
    """Return the embedded documents at any depth of a document."""
    found: set[type] = set()
    for field in document._fields.values():
        inner = field.field if isinstance(field, ListField) else field
        if isinstance(inner, EmbeddedDocumentField):
            found |= {inner.document_type} | find_embedded_documents(inner.document_type)
    return found


def test_every_field_declares_whether_it_is_exported() -> None:
    personal = set(DOCUMENTS) - OF_NOBODY
    for document in set(personal):
        personal |= find_embedded_documents(document)
    assert set(PERSONAL_DOCUMENTS) == personal
    for document in personal:
        for name, field in document._fields.items():
            assert isinstance(field.exported, bool), f"{document.__name__}.{name}"


def test_exports_everything_but_this() -> None:
    withheld = {
        f"{document.__name__}.{name}"
        for document in PERSONAL_DOCUMENTS
        for name, field in document._fields.items()
        if not field.exported
    }
    assert withheld == {
        *("User.password_hash", "User.credential_version", "User.session_ids"),
        *("User.name_key", "User.search"),
        *("Search.keys", "Search.words", "Link.id", "Session.refresh_id"),
        *("Rotation.used", "Rotation.successor", "OutgoingMail.id", "OutgoingMail.lease"),
    }


def test_exports_no_data_of_others(api: Client) -> None:
    register_account(api, **ANA)
    token = register_account(api, email="bia@example.com")["accessToken"]
    text = json.dumps(export_data(api, token))
    ana = User.objects.get(email="ana@example.com")
    assert [mine for mine in ("ana@", "Lima", "5299822", str(ana.id)) if mine in text] == []


@pytest.mark.parametrize("name", ALL_THREE)
def test_a_wrong_password_changes_nothing(api: Client, name: str) -> None:
    token = register_account(api, **ANA)["accessToken"]
    before = read_stored_data()
    answer = ask(api, ALL_THREE[name], token, "outra frase longa")
    assert answer.data == {name: None}
    assert (answer.code, answer.reason) == ("UNAUTHENTICATED", "INVALID_CREDENTIALS")
    assert read_stored_data() == before
    assert api.me(token).errors == []


@pytest.mark.parametrize("name", ALL_THREE)
@pytest.mark.parametrize("password", ["", "com um \0 dentro", "a" * 1025])
def test_an_invalid_password_changes_nothing(api: Client, name: str, password: str) -> None:
    token = register_account(api, **ANA)["accessToken"]
    before = read_stored_data()
    answer = ask(api, ALL_THREE[name], token, password)
    assert answer.reason == "INVALID_DATA"
    assert set(answer.fields) == {"password"}
    assert read_stored_data() == before


@pytest.mark.parametrize("name", ALL_THREE)
def test_needs_a_signed_in_caller(api: Client, name: str) -> None:
    register_account(api, **ANA)
    before = read_stored_data()
    assert ask(api, ALL_THREE[name], None).reason == "TOKEN_MISSING"
    assert read_stored_data() == before


@pytest.mark.parametrize("name", ALL_THREE)
def test_guessing_the_password_is_throttled(api: Client, name: str) -> None:
    token = register_account(api, **ANA)["accessToken"]
    reasons = [ask(api, ALL_THREE[name], token, "outra").reason for _ in range(6)]
    assert reasons == [*["INVALID_CREDENTIALS"] * 5, "TOO_MANY_ATTEMPTS"]
    before = read_stored_data()
    assert ask(api, ALL_THREE[name], token).reason == "TOO_MANY_ATTEMPTS"
    assert read_stored_data() == before


def test_deactivation_ends_every_session_at_once(api: Client) -> None:
    first = register_account(api, **ANA)
    second = api.login("ana@example.com", PASSWORD).data["login"]["tokens"]
    answer = ask(api, DEACTIVATE, first["accessToken"])
    user = User.objects.get()
    assert answer.data["deactivateAccount"]["user"] == {
        "id": str(user.id),
        "email": "ana@example.com",
        "active": False,
    }
    for tokens in (first, second):
        assert api.me(tokens["accessToken"]).reason == "ACCOUNT_INACTIVE"
        assert api.refresh(tokens["refreshToken"]).reason == "ACCOUNT_INACTIVE"
    assert api.login("ana@example.com", PASSWORD).reason == "INVALID_CREDENTIALS"
    assert (user.active, user.session_ids, Session.objects.count()) == (False, [], 0)
    (event,) = SecurityEvent._get_collection().find({"type": "DEACTIVATED"})
    assert (event["user_id"], event["ip_address"]) == (user.id, "127.0.0.1")


def test_a_reactivated_account_has_none_of_its_old_sessions_and_links(api: Client) -> None:
    tokens = register_account(api, **ANA)
    link = deliver_letter("VERIFY_EMAIL").token
    ask(api, DEACTIVATE, tokens["accessToken"])
    User._get_collection().update_one({}, {"$set": {"active": True}})
    assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REVOKED"
    assert api.send(VERIFY, {"token": link}).reason == "LINK_INVALID"
    assert User.objects.get().email_verified is False
    assert api.login("ana@example.com", PASSWORD).errors == []


def test_no_collection_has_data_of_a_deleted_person(api: Client) -> None:
    tokens = register_account(api, **ANA)
    api.login("ana@example.com", PASSWORD)
    asked = {"newEmail": "ana@example.org", "password": PASSWORD}
    api.send(REQUEST_CHANGE, {"input": asked}, token=tokens["accessToken"])
    user_id = str(User.objects.get().id)
    traces = (user_id, "ana@example", "Ana Lima", "52998224725", BROWSER, "127.0.0.1")
    assert [trace for trace in traces if trace not in dump_database()] == []
    emit = count_event_types()
    answer = ask(api, DELETE, tokens["accessToken"])
    assert answer.data == {"deleteAccount": {"deletedId": user_id}}
    assert [trace for trace in traces if trace in dump_database()] == []
    assert count_event_types() == emit, "what happened stays, of nobody"
    assert api.me(tokens["accessToken"]).reason == "TOKEN_REVOKED"
    assert api.refresh(tokens["refreshToken"]).reason == "TOKEN_REVOKED"
    assert api.login("ana@example.com", PASSWORD).reason == "INVALID_CREDENTIALS"


def test_the_address_and_the_cpf_can_be_registered_again(api: Client) -> None:
    ask(api, DELETE, register_account(api, **ANA)["accessToken"])
    answer = api.register(person(**ANA))
    assert answer.errors == []
    assert answer.data["register"]["user"]["cpfCnpj"] == "52998224725"


def test_a_deletion_keeps_the_data_of_others(api: Client) -> None:
    token = register_account(api, **ANA)["accessToken"]
    register_account(api, email="bia@example.com")
    bia = User.objects.get(email="bia@example.com").id

    def of_bia() -> dict[str, list[dict]]:
        return {
            name: [row for row in rows if bia in (row["_id"], row.get("user_id"))]
            for name, rows in read_stored_data().items()
        }

    before = of_bia()
    assert [len(before[name]) for name in ("users", "sessions", "security_events", "outbox")] == [
        *[1] * 4
    ]
    ask(api, DELETE, token)
    assert of_bia() == before
    assert User.objects.count() == 1


def test_only_one_of_concurrent_deletions_succeeds(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = register_account(live, **ANA)["accessToken"]
    answers = run_at_once(5, lambda _: ask(live, DELETE, token))
    outcomes = Counter(a.reason if a.errors else "deleted" for a in answers)
    assert outcomes["deleted"] == 1
    assert set(outcomes) <= {"deleted", "TOKEN_REVOKED"}
    assert (User.objects.count(), Session.objects.count()) == (0, 0)


def test_concurrent_deactivations_store_one_event(api: Client, live_server: Server) -> None:
    live = Client(Socket(live_server.url))
    token = register_account(live, **ANA)["accessToken"]
    answers = run_at_once(5, lambda _: ask(live, DEACTIVATE, token))
    outcomes = Counter(a.reason if a.errors else "deactivated" for a in answers)
    assert outcomes["deactivated"] == 1
    assert set(outcomes) <= {"deactivated", "TOKEN_REVOKED", "ACCOUNT_INACTIVE"}
    assert count_event_types()["DEACTIVATED"] == 1


def test_concurrent_mutations_leave_no_data_of_a_deleted_person(
    api: Client, live_server: Server
) -> None:
    live = Client(Socket(live_server.url))
    for _ in range(6):
        tokens = register_account(live, **ANA)
        token, user_id = tokens["accessToken"], str(User.objects.get(email=ANA["email"]).id)
        acts = [
            lambda token=token: ask(live, DELETE, token),
            lambda: live.login(ANA["email"], PASSWORD, headers={"User-Agent": BROWSER}),
            lambda: live.login(ANA["email"], PASSWORD, headers={"User-Agent": BROWSER}),
            lambda tokens=tokens: live.refresh(tokens["refreshToken"]),
            lambda token=token: live.send(UPDATE, {"input": {"fullName": "Lima"}}, token=token),
            lambda token=token: ask(live, EXPORT, token),
            lambda token=token: live.logout(token),
        ]
        answers = run_at_once(len(acts), lambda index, acts=acts: acts[index]())
        assert "EXCEPTION" not in [answer.reason for answer in answers if answer.errors]
        if answers[
            0
        ].errors:  # the logout came first, or sessions changed meanwhile: delete once more
            assert answers[0].reason == "TOKEN_REVOKED"
            token = live.login(ANA["email"], PASSWORD).data["login"]["tokens"]["accessToken"]
            assert ask(live, DELETE, token).errors == []
        traces = (user_id, ANA["email"], "Lima", BROWSER, "127.0.0.1")
        assert [trace for trace in traces if trace in dump_database()] == []


def test_a_deletion_waits_for_an_export_that_is_not_committed_yet(api: Client) -> None:
    register_account(api, **ANA)
    user = User.objects.get()
    session_id = user.session_ids[0]
    noted, deleting = Event(), Event()

    def export() -> None:
        assert hold_session(session_id, now())
        record(SecurityEventType.DATA_EXPORTED, user.id, ip_address="127.0.0.1", user_agent=BROWSER)
        noted.set()
        assert deleting.wait(HANG)
        sleep(0.2)  # long enough for a deletion that does not wait

    def delete() -> bool:
        deleting.set()
        return remove_account(user.id, session_id)

    with ThreadPoolExecutor(2) as pool:
        exporting = pool.submit(in_transaction, export)
        assert noted.wait(HANG)
        assert pool.submit(in_transaction, delete).result() is True
        exporting.result()
    assert count_event_types()["DATA_EXPORTED"] == 1
    assert [trace for trace in (str(user.id), BROWSER) if trace in dump_database()] == []


LEAVING = """
import os, signal, sys
from bson import ObjectId
from app.config import load_settings, use
from app.models.connection import connect
from app.models.privacy import remove_account
from app.models.transaction import in_transaction

settings = load_settings()
use(settings)
connect(settings)

def leave():
    assert remove_account(ObjectId(sys.argv[1]), ObjectId(sys.argv[2]))
    if sys.argv[3] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)

in_transaction(leave)
"""


def test_the_account_is_complete_after_a_kill_during_its_deletion(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database, uri = start_database(data)
    server = start_server({**ENVIRONMENT, "MONGODB_URI": uri}, tmp_path)
    register_account(Client(Socket(server.url)), **ANA)
    stop(server.process)
    before = read_database(uri)
    (user,) = before["users"]

    def leave(how: str) -> int:
        command = [sys.executable, "-c", LEAVING, str(user["_id"]), str(user["session_ids"][0])]
        environment = {**os.environ, **ENVIRONMENT, "MONGODB_URI": uri}
        return subprocess.run([*command, how], cwd=ROOT, env=environment, check=False).returncode

    assert leave("killed") == -signal.SIGKILL
    assert read_database(uri) == before
    # the open transaction locks the account until the database aborts it: up to a minute
    with database:
        database.kill()
    database, uri = start_database(data)
    try:
        assert read_database(uri) == before
        assert leave("alive") == 0
        after = read_database(uri)
        assert (after["users"], after["sessions"], after["outbox"]) == ([], [], [])
        assert [event.get("user_id") for event in after["security_events"]] == [None]
    finally:
        stop(database)
