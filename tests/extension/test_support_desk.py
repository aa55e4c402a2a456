"""The example of an extension, examples/extension, on a real server and worker."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from tests.client import Client, Socket
from tests.conftest import ENVIRONMENT
from tests.factories import PASSWORD, person
from tests.mail_server import MailServer, serve_mail
from tests.processes import start_database, stop
from tests.servers import ROOT, start_server
from tests.waiting import wait_until

EXAMPLE = ROOT / "examples" / "extension"
EXTENDED = {"PYTHONPATH": str(EXAMPLE), "EXTENSIONS": "support_desk"}
REGISTER = """
mutation($input: RegisterInput!) {
  register(input: $input) { user { id phone } tokens { accessToken } }
}
"""
UPDATE = "mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { user { phone } } }"
EVENTS = """
query($id: ID!) {
  user(id: $id) { fullName phone securityEvents { edges { node { type } } } sessions { id } }
}
"""
ADD = "mutation($input: AddSupportNoteInput!) { addSupportNote(input: $input) { note { text } } }"
NOTES = "query($id: ID!) { supportNotes(userId: $id) { id text at } }"
RESET = """
mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { user { id } } }
"""
SCHEMA = """
from app.factory import create_app
create_app()
from schema.root import build_schema
print(build_schema())
"""


@dataclass
class Desk:
    """A server and a worker that run with the extension, on their own database."""

    api: Client
    mail: MailServer
    database: Database
    environment: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run `flask COMMAND`, as in the container or on a machine."""
        return run_python(self.environment, "-m", "flask", "--app", "application", *command)

    def register(self, *roles: str, **given: str) -> tuple[str, str, str]:
        """Return the id, the address and the access token of a new account with these roles."""
        account = person(**given)
        made = self.api.send(REGISTER, {"input": account}).data["register"]
        if roles:
            self.run("accounts", "set-role", account["email"], *roles).check_returncode()
        return made["user"]["id"], account["email"], made["tokens"]["accessToken"]

    def mails_to(self, address: str) -> list[str]:
        """Return the subjects of the mails that were delivered to an address."""
        return [mail["Subject"] for mail in self.mail.accepted if mail["To"] == address]


def run_python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("desk")
    process, uri = start_database(folder / "data")
    with (
        serve_mail() as mail,
        (folder / "worker.log").open("wb") as log,
        MongoClient(uri) as client,
    ):
        environment = {**ENVIRONMENT, **EXTENDED, "MONGODB_URI": uri, "SMTP_URL": mail.url}
        server = start_server(environment, folder)
        worker = subprocess.Popen(
            [sys.executable, "-m", "app.worker"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stderr=log,
        )
        database = client.get_default_database()
        yield Desk(Client(Socket(server.url)), mail, database, environment)
        stop(worker)
        stop(server.process)
    stop(process)


def test_the_profile_has_a_phone(desk: Desk) -> None:
    given = person(phone="+55 (11) 98765-4321")
    made = desk.api.send(REGISTER, {"input": given}).data["register"]
    assert made["user"]["phone"] == "+5511987654321"
    token = made["tokens"]["accessToken"]
    cleared = desk.api.send(UPDATE, {"input": {"phone": None}}, token=token)
    assert cleared.data["updateProfile"]["user"] == {"phone": None}
    exported = desk.run("accounts", "export", "-")
    assert exported.returncode == 0
    assert '"phone"' not in exported.stdout
    desk.api.send(UPDATE, {"input": {"phone": "+351 912 345 678"}}, token=token)
    assert '"phone": "+351912345678"' in desk.run("accounts", "export", "-").stdout


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("pt-BR", "Telefone inválido. Informe o código do país, como +55."),
        ("en", "Invalid phone number. Begin with the country's code, such as +55."),
        ("es", "Teléfono no válido. Incluya el código del país, como +55."),
    ],
)
def test_its_error_reason_has_a_message_in_every_language(
    desk: Desk, language: str, sentence: str
) -> None:
    answer = desk.api.send(REGISTER, {"input": person(phone="98765")}, language=language)
    (field,) = answer.error["extensions"]["fields"]
    assert (field["field"], field["reason"]) == ("phone", "INVALID_PHONE")
    assert field["message"] == sentence
    catalogue = desk.api.send("{ errorCatalog { reason code } }").data["errorCatalog"]
    assert {"reason": "INVALID_PHONE", "code": "BAD_USER_INPUT"} in catalogue


def test_the_role_auditor_reads_events_and_nothing_sensitive(desk: Desk) -> None:
    owner, _, _ = desk.register(phone="+5511987654321", fullName="Ana Lima")
    _, _, token = desk.register("AUDITOR")
    answer = desk.api.send(EVENTS, {"id": owner}, token=token)
    assert {error["path"][1] for error in answer.errors} == {"phone", "sessions"}
    assert {error["extensions"]["reason"] for error in answer.errors} == {"PERMISSION_DENIED"}
    assert answer.data["user"] == {
        "fullName": "Ana Lima",
        "phone": None,
        "securityEvents": {"edges": [{"node": {"type": "REGISTERED"}}]},
        "sessions": None,
    }


def test_its_mutation_and_query_are_guarded_by_its_permission(desk: Desk) -> None:
    owner, address, token = desk.register(locale="es")
    given = {"userId": owner, "text": "Ligou sobre a fatura."}
    assert desk.api.send(ADD, {"input": given}).reason == "TOKEN_MISSING"
    for document, variables in ((ADD, {"input": given}), (NOTES, {"id": owner})):
        assert desk.api.send(document, variables, token=token).reason == "PERMISSION_DENIED"
    _, _, writer = desk.register("DESK")
    added = desk.api.send(ADD, {"input": given}, token=writer)
    assert added.data["addSupportNote"] == {"note": {"text": "Ligou sobre a fatura."}}
    (note,) = desk.api.send(NOTES, {"id": owner}, token=writer).data["supportNotes"]
    assert note["text"] == "Ligou sobre a fatura."
    wait_until(lambda: "Nueva nota sobre su cuenta" in desk.mails_to(address))
    (mail,) = [m for m in desk.mail.accepted if m["Subject"] == "Nueva nota sobre su cuenta"]
    assert "Ligou sobre a fatura." in mail.get_body(("plain",)).get_content()
    nobody = {"userId": "0" * 24, "text": "x"}
    assert desk.api.send(ADD, {"input": nobody}, token=writer).reason == "DOES_NOT_EXIST"
    long = {"userId": owner, "text": "x" * 1001}
    assert desk.api.send(ADD, {"input": long}, token=writer).fields == {"text": "TOO_LONG"}


def test_its_collection_has_its_index(desk: Desk) -> None:
    indexes = desk.database["support_desk_notes"].index_information().values()
    assert [("user_id", 1), ("at", 1)] in [index["key"] for index in indexes]
    shown = desk.run("db", "indexes", "--show").stdout
    assert re.search(r"support_desk_notes\n(  .*\n)*  .*user_id at", shown)


def test_its_listener_receives_committed_events(desk: Desk) -> None:
    owner, address, _ = desk.register()
    request = f'mutation {{ requestPasswordReset(input: {{email: "{address}"}}) {{ accepted }} }}'
    assert desk.api.send(request).errors == []
    mails = desk.mail.accepted
    mail = wait_until(
        lambda: [m for m in mails if m["To"] == address and "token=" in _read_text(m)][1:]
    )
    token = re.search(r"token=([\w.-]+)", _read_text(mail[-1]))[1]
    given = {"token": token, "newPassword": f"{PASSWORD} nova"}
    assert desk.api.send(RESET, {"input": given}).errors == []
    notes = desk.database["support_desk_notes"].find({"user_id": ObjectId(owner)})
    assert [note["text"] for note in notes] == ["The password was reset by a link."]


def test_its_command_lists_notes(desk: Desk) -> None:
    owner, address, _ = desk.register()
    _, _, writer = desk.register("DESK")
    desk.api.send(ADD, {"input": {"userId": owner, "text": "Pediu uma cópia."}}, token=writer)
    ended = desk.run("support-desk", "notes", address)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("  Pediu uma cópia.\n")


def test_the_schema_differs_only_by_the_fields_of_the_extension() -> None:
    plain = {**ENVIRONMENT, "EXTENSIONS": "", "PYTHONPATH": ""}
    ours = run_python(plain, "-c", SCHEMA).stdout.splitlines()
    extended = run_python({**ENVIRONMENT, **EXTENDED}, "-c", SCHEMA).stdout.splitlines()
    assert len(ours) > 500
    rest = iter(extended)
    assert all(line in rest for line in ours), "a line of the product's schema is gone"
    assert len(extended) > len(ours)


def _read_text(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()
