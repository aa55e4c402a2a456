"""/dev/mail in a real browser, against a running development server."""

import shutil
from collections.abc import Iterator
from email.headerregistry import Address
from pathlib import Path

import pytest
from bson import ObjectId
from flask import Flask
from playwright.sync_api import Page, expect, sync_playwright

from app.mail.rendering import render
from app.models.outgoing_mail import OutgoingMailRecord
from development.mailbox.folder import Mailbox
from tests.conftest import ENVIRONMENT
from tests.processes import stop
from tests.servers import Server, start_server

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
# Without the reloader: ending it would leave the process that it started.
DEVELOPMENT_SERVER = (
    "-c",
    "from app.config import load_settings; from development.server import make_app\n"
    "settings = load_settings(); make_app(settings).run(settings.host, settings.port)",
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
)


@pytest.fixture
def server(app: Flask, database_uri: str, tmp_path: Path) -> Iterator[Server]:
    """A development server with one mail; the mail's link opens a page of the test."""
    development = {"FLASK_ENV": "development", "GRAPHIQL": "false", "WORKERS": "1"}
    folder = {"MONGODB_URI": database_uri, "MAIL_FOLDER": str(tmp_path / "mail")}
    server = start_server({**ENVIRONMENT, **development, **folder}, tmp_path, DEVELOPMENT_SERVER)
    stored = {"_id": ObjectId(), "kind": "VERIFY_EMAIL", "to": "ana@example.com"}
    link = f"{server.url}/health/live?token=abc"
    values = {"full_name": "Ana Lima", "link": link, "valid_hours": 24}
    sender = Address("Contas", addr_spec="contas@example.com")
    message = render(
        OutgoingMailRecord(stored), values, locale="pt-BR", sender=sender, home=server.url
    )
    Mailbox(tmp_path / "mail").send(message, lambda: True)
    yield server
    stop(server.process)


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    """The opened mailbox. At the end of a test the browser must have blocked nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page, complaints = browser.new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server.url}/dev/mail")
        yield page
        browser.close()
    assert [said for said in complaints if "favicon" not in said and "404" not in said] == []


def test_a_mail_can_be_opened_with_its_links(page: Page, server: Server) -> None:
    expect(page.locator("main")).to_have_css("max-width", "960px")
    page.get_by_role("link", name="Confirme seu e-mail").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirme seu e-mail")
    with page.expect_popup() as opened:
        page.locator("pre a").first.click()
    expect(opened.value).to_have_url(f"{server.url}/health/live?token=abc")
    frame = page.frame_locator("iframe")
    button = frame.get_by_role("link", name="Confirmar meu e-mail")
    expect(button).to_have_css("color", "rgb(255, 255, 255)")
    with page.expect_popup() as opened:
        button.click()
    expect(opened.value).to_have_url(f"{server.url}/health/live?token=abc")
    expect(opened.value.locator("body")).to_contain_text("ok")
