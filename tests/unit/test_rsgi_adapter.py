"""The carrier: threads survive what they meet, and no more wait than may."""

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
    """As RSGI gives them: pairs, a name as often as it was sent."""

    def items(self) -> list[tuple[str, str]]:
        """The pairs."""
        return self


class Protocol:
    """What an answer is written to."""

    status = 0
    body = b""

    async def __call__(self) -> bytes:
        """The request's body."""
        return b""

    def response_bytes(self, status: int, headers: list, body: bytes) -> None:
        """Keep the answer."""
        self.status, self.headers, self.body = status, dict(headers), body


def scope(*headers: tuple[str, str]) -> Any:
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


def carried(application: Any, times: int) -> list[Protocol]:
    """The answers to as many requests, one after the other, by one thread."""

    async def run() -> list[Protocol]:
        adapter = RsgiAdapter(application, threads=1, max_body_bytes=10)
        adapter.__rsgi_init__(asyncio.get_running_loop())
        answers = [Protocol() for _ in range(times)]
        for protocol in answers:
            await asyncio.wait_for(adapter.__rsgi__(scope(), protocol), HANG)
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
            asyncio.create_task(adapter.__rsgi__(scope(("delayed", "yes")), protocol))
            for protocol in delayed
        ]
        await asyncio.sleep(0)  # they ask first
        quick = Protocol()
        await asyncio.wait_for(adapter.__rsgi__(scope(), quick), HANG)
        for task in tasks:
            task.cancel()
        return [quick.status, *(protocol.status for protocol in delayed)]

    assert asyncio.run(run()) == [200, 0, 0, 0]


def test_a_thread_outlives_an_application_that_fails() -> None:
    def failing(environ: dict, start_response: Any) -> list[bytes]:
        raise RuntimeError("segredo")

    for protocol in carried(failing, 3):
        error = json.loads(protocol.body)["errors"][0]
        assert protocol.status == 500
        assert error["extensions"]["reason"] == "EXCEPTION"
        assert error["extensions"]["requestId"] == protocol.headers["X-Request-Id"]
        assert b"segredo" not in protocol.body


def test_too_many_waiting_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rsgi_adapter, "MOST_WAITING", 0)
    (protocol,) = carried(lambda environ, start_response: [], 1)
    extensions = json.loads(protocol.body)["errors"][0]["extensions"]
    assert protocol.status == 503
    assert (extensions["reason"], extensions["retryAfter"]) == ("OVERLOADED", 1)


def test_a_header_sent_twice_is_neither() -> None:
    environ = make_environ(scope(("authorization", "Bearer a"), ("authorization", "Bearer b")))
    assert environ["HTTP_AUTHORIZATION"] == "Bearer a,Bearer b"
    assert environ["PATH_INFO"] == "/caf\u00c3\u00a9"
