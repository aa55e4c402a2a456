"""The RSGI adapter: its threads survive errors, and the number of waiting requests is limited."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from app.web.server import rsgi_adapter
from app.web.server.rsgi_adapter import RsgiAdapter
from app.web.server.rsgi_to_wsgi import make_environ
from tests.waiting import HANG

pytestmark = pytest.mark.usefixtures("app")


class Headers(list):
    """Headers like RSGI's: pairs, with a name as often as it was sent."""

    def items(self) -> list[tuple[str, str]]:
        """Return the pairs."""
        return self


class Protocol:
    """The protocol object that receives the response."""

    status = 0
    body = b""

    async def __call__(self) -> bytes:
        """Return the request's body."""
        return b""

    def response_bytes(self, status: int, headers: list, body: bytes) -> None:
        """Store the response."""
        self.status, self.headers, self.body = status, dict(headers), body


def make_scope(*headers: tuple[str, str]) -> Any:
    return SimpleNamespace(
        method="GET",
        path="/caf\u00e9",
        query_string="a=b",
        server="127.0.0.1:5000",
        client="127.0.0.1:1234",
        scheme="http",
        http_version="1.1",
        headers=Headers(headers),
    )


def send_requests(application: Any, times: int) -> list[Protocol]:
    """Send requests one after the other to an adapter with one thread; return the responses."""

    async def run() -> list[Protocol]:
        adapter = RsgiAdapter(application, threads=1, max_body_bytes=10)
        adapter.__rsgi_init__(asyncio.get_running_loop())
        answers = [Protocol() for _ in range(times)]
        for protocol in answers:
            await asyncio.wait_for(adapter.__rsgi__(make_scope(), protocol), HANG)
        return answers

    return asyncio.run(run())


def test_delayed_responses_take_no_thread() -> None:
    def application(environ: dict, start_response: Any) -> list[bytes]:
        environ["app.delay"] = environ.get("HTTP_DELAYED") and HANG
        start_response("200 OK", [])
        return [b"{}"]

    async def run() -> list[int]:
        adapter = RsgiAdapter(application, threads=1, max_body_bytes=10)
        adapter.__rsgi_init__(asyncio.get_running_loop())
        delayed = [Protocol() for _ in range(3)]
        tasks = [
            asyncio.create_task(adapter.__rsgi__(make_scope(("delayed", "yes")), protocol))
            for protocol in delayed
        ]
        await asyncio.sleep(0)  # let them start first
        quick = Protocol()
        await asyncio.wait_for(adapter.__rsgi__(make_scope(), quick), HANG)
        for task in tasks:
            task.cancel()
        return [quick.status, *(protocol.status for protocol in delayed)]

    assert asyncio.run(run()) == [200, 0, 0, 0]


def test_a_thread_survives_an_application_that_fails() -> None:
    def failing(environ: dict, start_response: Any) -> list[bytes]:
        raise RuntimeError("segredo")

    for protocol in send_requests(failing, 3):
        error = json.loads(protocol.body)["errors"][0]
        assert protocol.status == 500
        assert error["extensions"]["reason"] == "EXCEPTION"
        assert error["extensions"]["requestId"] == protocol.headers["X-Request-Id"]
        assert b"segredo" not in protocol.body


def test_requests_over_the_queue_limit_are_refused_with_retry_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rsgi_adapter, "MOST_WAITING", 0)
    (protocol,) = send_requests(lambda environ, start_response: [], 1)
    extensions = json.loads(protocol.body)["errors"][0]["extensions"]
    assert protocol.status == 503
    assert (extensions["reason"], extensions["retryAfter"]) == ("OVERLOADED", 1)


def test_repeated_headers_are_joined_with_a_comma() -> None:
    environ = make_environ(make_scope(("authorization", "Bearer a"), ("authorization", "Bearer b")))
    assert environ["HTTP_AUTHORIZATION"] == "Bearer a,Bearer b"
    assert environ["PATH_INFO"] == "/caf\u00c3\u00a9"
