"""The spool at a hub that puts off what comes too fast: nothing is lost, doubled or out of order, and the rate is used."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from livedash import limits
from livedash.client.spool import Spool
from livedash.core.publish_rate import PublishRate
from livedash.wire.messages import Error, Publish
from tests.client.hub_on_the_line import Line, numbered
from tests.client.test_spool_machine import OnePublisher

RATE = 10.0


def line(rate: float = RATE) -> Line:
    return Line(Spool("p1"), PublishRate(records=rate))


def settle(line: Line) -> None:
    """All is delivered, however long the hub has it wait."""
    line.settle()
    while not line.spool.is_empty:
        line.wait(0.1)
        line.settle()


def push(line: Line, first: int, last: int) -> None:
    """A message for each record: they are taken as they come."""
    for number in range(first, last + 1):
        line.spool.add("train", numbered(number))
        line.pump()


def test_what_was_put_off_comes_again_after_the_wait_in_order_and_once() -> None:
    rated = line()
    rated.connect()
    push(rated, 1, 60)
    rated.settle()
    assert rated.values("train") == list(range(1, 12))
    settle(rated)
    assert rated.values("train") == list(range(1, 61))
    assert rated.spool.statistics()[0].refused == rated.spool.statistics()[0].lost == 0


def test_nothing_is_sent_before_the_wait_is_over() -> None:
    rated = line()
    rated.connect()
    push(rated, 1, 60)
    rated.settle()
    push(rated, 61, 70)
    assert rated.sent == []
    rated.wait(1.0)
    assert len(rated.sent) == 1


def test_later_batches_that_there_would_be_room_for_do_not_overtake() -> None:
    rated = line()
    rated.connect()
    push(rated, 1, 20)
    rated.carry(15)  # hello, 11 that are taken, 3 that are not
    rated.now_s += 60.0
    rated.carry(6)
    assert rated.values("train") == list(range(1, 12))
    settle(rated)
    assert rated.values("train") == list(range(1, 21))


def test_what_is_sent_after_a_wait_is_cut_so_that_the_room_moves_about_once_a_second() -> None:
    rated = line(rate=1000.0)
    rated.connect()
    rated.spool.add("train", numbered(*range(40_000)))
    rated.settle()  # one batch, and then 39 s without a record
    push(rated, 40_000, 40_000)
    rated.settle()
    rated.spool.add("train", numbered(*range(40_001, 50_000)))
    waits: list[float] = []
    while not rated.spool.is_empty:
        before = len(rated.values("train"))
        waited = 0.0
        while len(rated.values("train")) == before:
            rated.wait(0.05)
            rated.settle()
            waited += 0.05
        waits.append(waited)
    assert waits[0] > 35
    assert max(waits[1:]) < 4.0
    assert rated.values("train") == list(range(50_000))


def test_once_all_is_taken_it_is_sent_at_once_again() -> None:
    rated = line()
    rated.connect()
    push(rated, 1, 30)
    settle(rated)
    rated.now_s += 60.0
    push(rated, 31, 35)
    assert [message.seq for message in rated.sent if isinstance(message, Publish)] == [31, 32, 33, 34, 35]


def test_a_new_connection_begins_anew_and_sends_again_what_was_put_off() -> None:
    rated = line()
    rated.connect()
    push(rated, 1, 30)
    rated.settle()
    rated.now_s += 60.0
    rated.connect()
    settle(rated)
    assert rated.values("train") == list(range(1, 31))


def test_an_answer_to_restored_records_that_says_to_wait_leaves_them_kept_for_the_next_hub() -> None:
    rated = Line(Spool("p1"))
    rated.connect()
    push(rated, 1, 3)
    rated.settle()
    rated.restart_hub()
    rated.connect()
    rated.carry(1)
    rated.carry_back(1)
    (restore,) = rated.sent
    rated.spool.receive(Error("limit_reached", "this hub has ended", restore.id, "train", limits.BYE_RETRY_S))
    rated.restart_hub()
    rated.settle()
    assert rated.values("train") == [1, 2, 3]
    assert rated.hub.room("train").epoch == "e1"


class OneRatedPublisher(OnePublisher):
    """As one that is not, with waits; a hub that begins anew knows no more of what was paid."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(self.spool, PublishRate(records=40, nbytes=4000))

    @rule(seconds=st.floats(0.01, 3))
    def wait(self, seconds: float) -> None:
        self.line.wait(seconds)

    @rule(seconds=st.floats(0.01, 3))
    def time_goes_by(self, seconds: float) -> None:
        self.line.now_s += seconds

    def teardown(self) -> None:
        settle(self.line)
        super().teardown()


TestOneRatedPublisher = OneRatedPublisher.TestCase
TestOneRatedPublisher.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
