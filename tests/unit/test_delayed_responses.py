"""Delayed responses: how long they wait, and how many may wait."""

import asyncio
import time

from app.web.server.delayed_responses import MOST_DELAYED, DelayedResponses


class Sent:
    """Granian's protocol, as far as responses need it; records when each was sent, by status."""

    def __init__(self) -> None:
        self.began, self.after = time.monotonic(), {}

    def response_bytes(self, status: int, headers: list, body: bytes) -> None:
        """Record the time of the response."""
        assert (headers, body) == ([], b"later")
        self.after[status] = time.monotonic() - self.began


def measure_delays(count: int, held: float) -> dict[int, float]:
    async def run() -> dict[int, float]:
        holding, protocol = DelayedResponses(), Sent()
        answers = [{"app.delay": held, "app.response": (n, [], b"later")} for n in range(count)]
        await asyncio.gather(*(holding.send(answer, protocol) for answer in answers))
        await holding.send(answers[0], protocol)  # the limit is not reached any more
        return protocol.after

    return asyncio.run(run())


def test_a_response_is_sent_after_its_delay() -> None:
    after = measure_delays(count=2, held=0.3)
    assert after[1] >= 0.29
    assert after[0] >= 0.59


def test_responses_over_the_limit_are_sent_at_once() -> None:
    after = measure_delays(count=MOST_DELAYED + 5, held=0.3)
    past = range(MOST_DELAYED, MOST_DELAYED + 5)
    assert list(after)[:5] == list(past), "before any of those that are delayed"
    assert min(after[status] for status in range(MOST_DELAYED)) >= 0.29
