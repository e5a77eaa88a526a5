from __future__ import annotations

import http.client

import pytest

from livedash import limits
from livedash.client.http import Answer, Outcome
from livedash.client.retries import Retries
from livedash.testing.clock import ManualClock

REFUSED = ConnectionRefusedError("refused")
CUT = http.client.RemoteDisconnected("closed without an answer")
BUSY = Answer(503, {"Retry-After": "2"}, b"")


class Asker:
    """A caller whose requests come to what a test says, in a time of its own; jitter is at its largest."""

    def __init__(self, method: str, patience_s: float = 10.0, jitter: float = 1.0) -> None:
        self.clock = ManualClock()
        self.waits: list[float] = []
        self.retries = Retries(method, patience_s, random=lambda: jitter, now_s=self.clock.now_s, sleep_s=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.clock.advance(seconds)

    def is_asked_again(self, outcome: Outcome) -> bool:
        return self.retries(outcome)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("outcome", [REFUSED, FileNotFoundError("no socket")])
def test_any_request_that_no_hub_has_heard_is_made_again(method: str, outcome: Outcome) -> None:
    assert Asker(method).is_asked_again(outcome)


@pytest.mark.parametrize(
    "outcome", [CUT, ConnectionResetError(), BrokenPipeError(), http.client.IncompleteRead(b""), BUSY]
)
@pytest.mark.parametrize(("method", "is_again"), [("GET", True), ("PUT", True), ("POST", False), ("DELETE", False)])
def test_request_that_a_hub_may_have_heard_is_made_again_if_twice_is_the_same_as_once(
    method: str, is_again: bool, outcome: Outcome
) -> None:
    assert Asker(method).is_asked_again(outcome) is is_again


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(200, {}, b"{}"),
        Answer(404, {}, b"{}"),
        Answer(500, {"Retry-After": "1"}, b""),
        Answer(503, {}, b""),
        Answer(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b""),
        TimeoutError("it hangs"),
        OSError("name or service not known"),
        http.client.LineTooLong("header line"),
    ],
)
def test_outcome_that_another_attempt_would_not_change_stands(outcome: Outcome) -> None:
    asker = Asker("GET")
    assert not asker.is_asked_again(outcome)
    assert asker.waits == []


def test_waits_double_up_to_their_bound_and_end_with_the_patience() -> None:
    asker = Asker("GET", patience_s=8.0)
    while asker.is_asked_again(REFUSED):
        pass
    assert asker.waits == [0.2, 0.4, 0.8, 1.6, limits.REQUEST_BACKOFF_MAX_S, limits.REQUEST_BACKOFF_MAX_S]
    assert sum(asker.waits) < 8.0


def test_hub_that_asks_to_come_later_is_obeyed_with_a_spread() -> None:
    asker = Asker("GET", jitter=0.5)
    assert asker.is_asked_again(BUSY)
    assert asker.waits == [2.5]


def test_nothing_is_waited_for_that_would_come_after_the_patience_has_ended() -> None:
    asker = Asker("GET", patience_s=1.0)
    assert not asker.is_asked_again(BUSY)
    assert asker.waits == []


@pytest.mark.parametrize(
    ("outcome", "is_answered"), [(REFUSED, False), (CUT, False), (BUSY, True), (Answer(404, {}, b""), True)]
)
def test_any_status_shows_that_somebody_is_there(outcome: Outcome, is_answered: bool) -> None:
    asker = Asker("GET")
    asker.is_asked_again(outcome)
    assert asker.retries.is_answered is is_answered
