"""The spool at a hub that is killed and comes back from disk with less than it had acknowledged."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from livedash.client.spool import Spool
from tests.client.hub_on_the_line import KeptLine, numbered

ROOMS = ("a", "b")


class AlonePublisher(RuleBasedStateMachine):
    """Alone in its rooms, it gives back whatever the hub lost: nothing is lost or doubled, however often that dies."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool("p1")
        self.line = KeptLine(self.spool)
        self.pushed: dict[str, list[int]] = {room: [] for room in ROOMS}
        self.next = 0

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 20))
    def push(self, room: str, count: int) -> None:
        numbers = range(self.next, self.next + count)
        self.next += count
        self.pushed[room] += numbers
        self.spool.add(room, numbered(*numbers))
        self.line.pump()

    @rule()
    def connect(self) -> None:
        self.line.connect()

    @rule()
    def cut(self) -> None:
        self.line.cut()

    @rule(share=st.floats(0, 1))
    def write(self, share: float) -> None:
        self.line.write(share)

    @rule(share=st.floats(0, 1))
    def kill(self, share: float) -> None:
        self.line.write(share)
        self.line.kill_hub()

    @precondition(lambda self: self.line.sent)
    @rule(count=st.integers(1, 5))
    def carry(self, count: int) -> None:
        self.line.carry(count)

    @precondition(lambda self: self.line.answers)
    @rule(count=st.integers(1, 5))
    def carry_back(self, count: int) -> None:
        self.line.carry_back(count)

    @invariant()
    def hub_holds_a_beginning_of_what_was_pushed(self) -> None:
        for room in ROOMS:
            values = self.line.values(room)
            assert values == self.pushed[room][: len(values)]

    @invariant()
    def counts_sum_up(self) -> None:
        for state in self.spool.statistics():
            assert state.pushed == len(self.pushed[state.room])
            assert state.lost == state.refused == 0

    def teardown(self) -> None:
        self.line.settle()
        for room in ROOMS:
            assert self.line.values(room) == self.pushed[room]
        assert self.spool.is_empty


class OneOfTwo(RuleBasedStateMachine):
    """With somebody else in its room what the hub had not written is lost; the rest comes once and in order."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool("p1")
        self.line = KeptLine(self.spool)
        self.next = 0

    @rule(count=st.integers(1, 5))
    def push(self, count: int) -> None:
        self.spool.add("a", numbered(*range(self.next, self.next + count)))
        self.next += count
        self.line.pump()

    @rule()
    def somebody_else_pushes(self) -> None:
        self.line.hub.publish("a", numbered(-1), 0, 0.0)

    @rule()
    def connect(self) -> None:
        self.line.connect()

    @rule(share=st.floats(0, 1))
    def write(self, share: float) -> None:
        self.line.write(share)

    @rule(share=st.floats(0, 1))
    def kill(self, share: float) -> None:
        self.line.write(share)
        self.line.kill_hub()

    @rule(count=st.integers(1, 4))
    def carry(self, count: int) -> None:
        self.line.carry(count)

    @rule(count=st.integers(1, 4))
    def carry_back(self, count: int) -> None:
        self.line.carry_back(count)

    @invariant()
    def own_records_lie_in_order_and_once(self) -> None:
        own = [value for value in self.line.values("a") if value != -1]
        assert own == sorted(set(own))

    def teardown(self) -> None:
        self.line.settle()
        assert self.spool.is_empty


TestAlonePublisher = AlonePublisher.TestCase
TestAlonePublisher.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestOneOfTwo = OneOfTwo.TestCase
TestOneOfTwo.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)


def test_only_what_the_hub_lost_is_given_back_and_the_room_goes_on_as_it_was() -> None:
    spool = Spool("p1")
    line = KeptLine(spool)
    for number in range(1, 6):
        spool.add("a", numbered(number))
        line.settle()
    line.write(1.0)
    for number in range(6, 9):
        spool.add("a", numbered(number))
        line.settle()
    line.kill_hub()
    assert line.values("a") == [1, 2, 3, 4, 5]
    line.connect()
    line.carry(1)
    line.carry_back(1)
    assert [(message.first, message.count) for message in line.sent] == [(6, 3)]
    line.settle()
    held = spool.begin().rooms["a"]
    assert (held.epoch, held.first, held.last) == (line.hub.rooms["a"].epoch, 1, 8)
