"""/dev/mail: what the worker keeps without SMTP_URL, shown in development and nowhere else."""

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

from app import config
from app.clock import now
from app.mail.mailbox import KEPT, Mailbox
from app.mail.rendering import render
from app.mail.smtp import LeaseLostError
from app.models.outgoing_mail import MailKind, OutgoingMail, OutgoingMailRecord, post
from app.web.mailbox.page import POLICY, POLICY_OF_A_MAIL, mailbox
from tests.client import Client
from tests.conftest import ENVIRONMENT
from tests.processes import ROOT
from tests.waiting import HANG

SENDER = Address("Contas", addr_spec="contas@example.com")
ASK = """
import sys
from application import app
for path in ("/dev/mail", "/dev/mail/style.css", "/dev/mail/" + "a" * 24):
    print(app.test_client().get(path).status_code)
"""


def keep(folder: Path, **values: object) -> str:
    """A mail in the folder; returns its name."""
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
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """GETs pages of a mailbox over an empty folder."""
    app = Flask("mailbox")
    app.register_blueprint(mailbox)
    given = {"FLASK_ENV": "development", "MAIL_FOLDER": str(tmp_path)}
    monkeypatch.setattr(config, "_current", config.load_settings(given))

    def get(path: str = "") -> TestResponse:
        return app.test_client().get(f"/dev/mail{path}")

    return get


def answers(environment: dict[str, str]) -> list[str]:
    """The statuses of the pages in an application of its own."""
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout.split()


def test_is_served_in_development() -> None:
    assert answers({"FLASK_ENV": "development"}) == ["200", "200", "404"]


@pytest.mark.parametrize("environment", ["testing", "production"])
def test_is_not_served_elsewhere(environment: str) -> None:
    uri = "mongodb://127.0.0.1:1/accounts"
    given = {"FLASK_ENV": environment, "MONGODB_URI": uri}
    assert answers(given) == ["404", "404", "404"]


def test_the_worker_prints_and_keeps_what_it_cannot_send(
    api: Client, database_uri: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    api.register({"fullName": "Ana Lima", "email": "ana@example.com", "password": "uma frase boa"})
    owed = OutgoingMail.objects.get()
    post(MailKind.RESET_PASSWORD, to="ninguem@example.com")
    environment = {**os.environ, **ENVIRONMENT, "MONGODB_URI": database_uri}
    with subprocess.Popen(
        [sys.executable, "-m", "app.worker"],
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
    (mail,) = Mailbox(folder).mails()
    assert mail.name == str(owed.id)
    assert mail.message["Subject"] == "Confirme seu e-mail"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{owed.id}.eml").stat().st_mode) == 0o600


def test_the_newest_mail_is_what_the_readme_takes_from_the_page(pages, tmp_path: Path) -> None:
    keep(tmp_path)
    newest = keep(tmp_path)
    (pattern,) = re.findall(r"/dev/mail \| grep -o '(.*?)'", (ROOT / "README.md").read_text())
    found = subprocess.run(
        ["grep", "-o", pattern], input=pages().text, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[0] == f"/dev/mail/{newest}"


def test_lists_mail_newest_first(pages, tmp_path: Path) -> None:
    assert "No mail yet." in pages().text
    first, second = keep(tmp_path), keep(tmp_path)
    page = pages()
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.text.index(f"/dev/mail/{second}") < page.text.index(f"/dev/mail/{first}")
    assert page.text.count("O e-mail da sua conta foi trocado</a>") == 2
    assert page.text.count("<td>ana@example.com</td>") == 2


def test_shows_a_mail_with_links_to_click_and_its_html_in_a_sandbox(pages, tmp_path: Path) -> None:
    name = keep(tmp_path)
    page = pages(f"/{name}")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert "<h1>O e-mail da sua conta foi trocado</h1>" in page.text
    assert f"&lt;{name}@example.com&gt;" in page.text
    link = (
        '<a href="http://localhost:3000" rel="noopener" target="_blank">http://localhost:3000</a>'
    )
    assert page.text.count(link) == 2
    frame = f'src="/dev/mail/{name}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"'
    assert frame in page.text
    html = pages(f"/{name}/html")
    assert html.headers["Content-Security-Policy"] == POLICY_OF_A_MAIL
    assert html.mimetype == "text/html"
    assert "Sua conta agora usa outro e-mail" in html.text


def test_escapes_what_a_mail_says(pages, tmp_path: Path) -> None:
    name = keep(tmp_path, new_email="</pre><script>alert(1)</script>@example.com")
    assert "<script" not in pages(f"/{name}").text
    assert "&lt;script&gt;" in pages(f"/{name}").text
    assert "<script" not in pages(f"/{name}/html").text


@pytest.mark.parametrize("name", ["a" * 24, "..%2f..%2fapplication", "style", "A" * 24])
def test_knows_no_other_name(pages, tmp_path: Path, name: str) -> None:
    (tmp_path / "style.eml").write_text("Subject: x\n\n")
    assert pages(f"/{name}").status_code == 404
    assert pages(f"/{name}/html").status_code == 404


def test_keeps_the_newest_two_hundred(tmp_path: Path) -> None:
    names = [keep(tmp_path) for _ in range(KEPT + 2)]
    assert [mail.name for mail in Mailbox(tmp_path).mails()] == names[:1:-1]


def test_keeps_nothing_that_is_another_workers(tmp_path: Path) -> None:
    name = keep(tmp_path)
    message = Mailbox(tmp_path).find(name).message
    (tmp_path / f"{name}.eml").unlink()
    with pytest.raises(LeaseLostError):
        Mailbox(tmp_path).send(message, lambda: False)
    assert list(tmp_path.iterdir()) == []
