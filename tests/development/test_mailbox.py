"""The mailbox: mail that the development worker stores without SMTP_URL, shown at /dev/mail."""

import os
import re
import stat
import subprocess
import sys
from email.headerregistry import Address
from pathlib import Path

import pytest
from bson import ObjectId
from flask import Flask
from werkzeug.test import TestResponse

from app.clock import now
from app.mail.rendering import render
from app.mail.smtp import LeaseLostError
from app.mail_kinds import MailKind
from app.models.outgoing_mail import OutgoingMail, OutgoingMailRecord, enqueue_mail
from development.mailbox.folder import MOST_MAILS, Mailbox
from development.mailbox.page import MAIL_POLICY, PAGE_POLICY, make_blueprint
from tests.client import Client
from tests.conftest import ENVIRONMENT
from tests.processes import ROOT
from tests.waiting import HANG

SENDER = Address("Contas", addr_spec="contas@example.com")
STATUSES = """
import sys
if sys.argv[1] == "product":
    from application import app
else:
    from app.config import load_settings
    from development.server import make_app
    app = make_app(load_settings())
for path in ("/dev/mail", "/dev/mail/style.css", "/dev/mail/" + "a" * 24):
    print(app.test_client().get(path).status_code)
"""


def store_mail(folder: Path, **values: object) -> str:
    """Store a mail in the folder; return its name."""
    mail_id = ObjectId()
    stored = {"_id": mail_id, "kind": "EMAIL_CHANGED", "to": "ana@example.com"}
    told = {"full_name": "Ana", "at": now(), **values}
    message = render(
        OutgoingMailRecord(stored),
        told,
        locale="pt-BR",
        sender=SENDER,
        home="http://localhost:3000",
    )
    Mailbox(folder).send(message, lambda: True)
    return str(mail_id)


@pytest.fixture
def pages(tmp_path: Path):
    """A function that requests pages of a mailbox over an empty folder."""
    app = Flask("mailbox")
    app.register_blueprint(make_blueprint(Mailbox(tmp_path)))

    def get(path: str = "") -> TestResponse:
        return app.test_client().get(f"/dev/mail{path}")

    return get


def get_statuses(program: str, environment: dict[str, str]) -> list[str]:
    """Return the statuses of the pages in an application with this environment."""
    run = subprocess.run(
        [sys.executable, "-c", STATUSES, program],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout.split()


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_the_development_server_shows_the_mailbox(database_uri: str, environment: str) -> None:
    given = {"FLASK_ENV": environment, "MONGODB_URI": database_uri}
    assert get_statuses("development", given) == ["200", "200", "404"]


def test_the_development_server_has_no_mailbox_with_production_settings(database_uri: str) -> None:
    given = {"FLASK_ENV": "production", "MONGODB_URI": database_uri}
    assert get_statuses("development", given) == ["404", "404", "404"]


@pytest.mark.parametrize("environment", ["development", "testing", "production"])
def test_the_product_has_no_such_page(environment: str) -> None:
    given = {"FLASK_ENV": environment, "MONGODB_URI": "mongodb://127.0.0.1:1/accounts"}
    assert get_statuses("product", given) == ["404", "404", "404"]


def test_the_development_worker_prints_and_stores_mail(
    api: Client, database_uri: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    api.register({"fullName": "Ana Lima", "email": "ana@example.com", "password": "uma frase boa"})
    owed = OutgoingMail.objects.get()
    enqueue_mail(MailKind.RESET_PASSWORD, to="ninguem@example.com")
    environment = {**os.environ, **ENVIRONMENT, "MONGODB_URI": database_uri}
    with subprocess.Popen(
        [sys.executable, "-m", "development.worker"],
        cwd=ROOT,
        env={**environment, "MAIL_FOLDER": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        printed = [worker.stdout.readline() for _ in range(5)]
        worker.terminate()
        assert worker.wait(HANG) == 0
    assert printed == [
        "-" * 72 + "\n",
        "To: ana@example.com\n",
        "Subject: Confirme seu e-mail\n",
        "\n",
        "Olá, Ana Lima!\n",
    ]
    (mail,) = Mailbox(folder).list_mails()
    assert mail.name == str(owed.id)
    assert mail.message["Subject"] == "Confirme seu e-mail"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{owed.id}.eml").stat().st_mode) == 0o600


def test_the_command_of_the_readme_finds_the_newest_mail(pages, tmp_path: Path) -> None:
    store_mail(tmp_path)
    newest = store_mail(tmp_path)
    (pattern,) = re.findall(r"/dev/mail \| grep -o '(.*?)'", (ROOT / "README.md").read_text())
    found = subprocess.run(
        ["grep", "-o", pattern], input=pages().text, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[0] == f"/dev/mail/{newest}"


def test_lists_mail_newest_first(pages, tmp_path: Path) -> None:
    assert "No mail yet." in pages().text
    first, second = store_mail(tmp_path), store_mail(tmp_path)
    page = pages()
    assert page.headers["Content-Security-Policy"] == PAGE_POLICY
    assert page.text.index(f"/dev/mail/{second}") < page.text.index(f"/dev/mail/{first}")
    assert page.text.count("O e-mail da sua conta foi trocado</a>") == 2
    assert page.text.count("<td>ana@example.com</td>") == 2


def test_shows_a_mail_with_links_to_click_and_its_html_in_a_sandbox(pages, tmp_path: Path) -> None:
    name = store_mail(tmp_path)
    page = pages(f"/{name}")
    assert page.headers["Content-Security-Policy"] == PAGE_POLICY
    assert "<h1>O e-mail da sua conta foi trocado</h1>" in page.text
    assert f"&lt;{name}@example.com&gt;" in page.text
    link = (
        '<a href="http://localhost:3000" rel="noopener" target="_blank">http://localhost:3000</a>'
    )
    assert page.text.count(link) == 2
    frame = f'src="/dev/mail/{name}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"'
    assert frame in page.text
    html = pages(f"/{name}/html")
    assert html.headers["Content-Security-Policy"] == MAIL_POLICY
    assert html.mimetype == "text/html"
    assert "Sua conta agora usa outro e-mail" in html.text


def test_escapes_the_content_of_a_mail(pages, tmp_path: Path) -> None:
    name = store_mail(tmp_path, new_email="</pre><script>alert(1)</script>@example.com")
    assert "<script" not in pages(f"/{name}").text
    assert "&lt;script&gt;" in pages(f"/{name}").text
    assert "<script" not in pages(f"/{name}/html").text


@pytest.mark.parametrize("name", ["a" * 24, "..%2f..%2fapplication", "style", "A" * 24])
def test_refuses_invalid_names(pages, tmp_path: Path, name: str) -> None:
    (tmp_path / "style.eml").write_text("Subject: x\n\n")
    assert pages(f"/{name}").status_code == 404
    assert pages(f"/{name}/html").status_code == 404


def test_keeps_the_newest_two_hundred(tmp_path: Path) -> None:
    names = [store_mail(tmp_path) for _ in range(MOST_MAILS + 2)]
    assert [mail.name for mail in Mailbox(tmp_path).list_mails()] == names[:1:-1]


def test_stores_no_mail_that_another_worker_has_leased(tmp_path: Path) -> None:
    name = store_mail(tmp_path)
    message = Mailbox(tmp_path).find(name).message
    (tmp_path / f"{name}.eml").unlink()
    with pytest.raises(LeaseLostError):
        Mailbox(tmp_path).send(message, lambda: False)
    assert list(tmp_path.iterdir()) == []
