"""Answers held back: for how long, and no more than there is room for."""

import asyncio
import time

from app.web.server.delayed_responses import MOST_DELAYED, DelayedResponses


class Sent:
    """Granian's protocol as far as an answer needs it: when each was sent, by its status."""

    def __init__(self) -> None:
        self.began, self.after = time.monotonic(), {}

    def response_bytes(self, status: int, headers: list, body: bytes) -> None:
        """Note it."""
        assert (headers, body) == ([], b"later")
        self.after[status] = time.monotonic() - self.began


def sent_after(count: int, held: float) -> dict[int, float]:
    async def run() -> dict[int, float]:
        holding, protocol = DelayedResponses(), Sent()
        answers = [{"app.delay": held, "app.response": (n, [], b"later")} for n in range(count)]
        await asyncio.gather(*(holding.send(answer, protocol) for answer in answers))
        await holding.send(answers[0], protocol)  # there is room again
        return protocol.after

    return asyncio.run(run())


def test_an_answer_is_sent_after_its_time() -> None:
    after = sent_after(count=2, held=0.3)
    assert after[1] >= 0.29
    assert after[0] >= 0.59


def test_past_the_most_an_answer_is_sent_at_once() -> None:
    after = sent_after(count=MOST_DELAYED + 5, held=0.3)
    past = range(MOST_DELAYED, MOST_DELAYED + 5)
    assert list(after)[:5] == list(past), "before any of those that are delayed"
    assert min(after[status] for status in range(MOST_DELAYED)) >= 0.29
