"""The GraphiQL page in a real browser, against a running server."""

import json
import shutil
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.web.pages.graphiql.page import assets_installed
from tests.servers import Server
from tests.waiting import HANG

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "four quiet otters rowing"

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
    ),
    pytest.mark.skipif(
        not assets_installed(),
        reason="needs GraphiQL: run npm ci --ignore-scripts in app/web/pages/graphiql",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=HANG * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: Server) -> Iterator[Page]:
    """The opened GraphiQL page. A test fails if it has an error or a request to elsewhere."""
    page = browser.new_page()
    page.set_default_timeout(HANG * 1000)
    problems: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.extend(_find_console_errors(message)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{live_server.url}/graphiql")
    expect(page.locator(".graphiql-query-editor")).to_contain_text("mutation Register")
    yield page
    page.close()
    assert problems == []
    inside = (f"{live_server.url}/", "data:")
    assert [url for url in requests if not url.startswith(inside)] == []


def _find_console_errors(message: ConsoleMessage) -> list[str]:
    # Chromium logs an error for every 4xx; one of /graphql is an answer, which the page shows.
    read_answer = message.location["url"].endswith("/graphql")
    return [message.text] if message.type == "error" and not read_answer else []


def write(page: Page, editor: str, text: str) -> None:
    """Replace the text of an editor: Query Editor, Variables or Headers."""
    page.get_by_role("region", name=editor).locator(".CodeMirror:visible").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def run(page: Page, operation: str, shown: str) -> dict:
    """Write and run an unnamed operation; return the answer once the page has the text `shown`."""
    write(page, "Query Editor", operation)
    # GraphiQL reads typed text after a delay; until then Run offers the earlier operations.
    expect(page.get_by_role("tab")).to_have_text("<untitled>")
    page.get_by_role("button", name="Execute query").click()
    return read_answer(page, shown)


def read_answer(page: Page, shown: str) -> dict:
    """Return the content of the result pane once it shows the text `shown`."""
    pane = page.get_by_role("region", name="Result Window").locator(".CodeMirror")
    expect(pane).to_contain_text(shown)
    return json.loads(pane.evaluate("element => element.CodeMirror.getValue()"))


def test_the_endpoint_serves_the_page_with_a_strict_content_security_policy(
    browser: Browser, live_server: Server
) -> None:
    page = browser.new_page()
    response = page.goto(f"{live_server.url}/graphql")
    expect(page).to_have_title("Accounts API · GraphiQL")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    page.close()


def test_runs_a_query_and_shows_its_answer(page: Page) -> None:
    found = run(page, "{ passwordPolicy { minLength maxLength } }", "minLength")
    assert found == {"data": {"passwordPolicy": {"minLength": 8, "maxLength": 128}}}


def test_shows_the_body_of_a_refused_operation(page: Page) -> None:
    found = run(page, "{ nothingOfTheKind }", "errors")
    assert found["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_example_is_valid_and_runs_from_the_menu(page: Page) -> None:
    page.get_by_role("button", name="Execute query").click()
    page.get_by_role("menuitem", name="PasswordPolicy").click()
    assert "errors" not in read_answer(page, "minLength")


def test_registers_then_queries_with_the_token_and_stores_neither(page: Page) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    sent = f'{{ fullName: "Ada Lovelace", email: "{email}", password: "{PASSWORD}" }}'
    operation = f"mutation {{ register(input: {sent}) {{ tokens {{ accessToken }} }} }}"
    registered = run(page, operation, "accessToken")
    token = registered["data"]["register"]["tokens"]["accessToken"]

    write(page, "Headers", json.dumps({"Authorization": f"Bearer {token}"}))
    assert run(page, "{ me { email } }", email) == {"data": {"me": {"email": email}}}

    page.wait_for_timeout(1000)  # GraphiQL stores its tabs after half a second, here in memory
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert "me { email }" not in stored
    assert token not in stored
    assert PASSWORD not in stored


def test_opens_its_documentation_dialogs_and_tabs(page: Page) -> None:
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.get_by_role("link", name="Mutation").click()
    expect(page.get_by_role("link", name="register", exact=True)).to_be_visible()
    for dialog in ("short keys", "settings"):
        page.get_by_role("button", name=f"Open {dialog} dialog").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="New tab").click()
    expect(page.get_by_role("tab")).to_have_count(2)
