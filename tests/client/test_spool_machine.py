"""The spool against a plain list: whatever is pushed, cut, lost on the way or restarted, nothing is lost or doubled."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from livedash.client.spool import Spool
from livedash.wire.messages import Hello
from tests.client.hub_on_the_line import Line, numbered

ROOMS = ("a", "b", "c.d")


def note_seen(line: Line, seen: dict[tuple[str, str, int], Any]) -> None:
    """Whoever read a position, of this hub or a former one, must find the same record there ever after."""
    for name, room in line.hub.rooms.items():
        for offset, value in enumerate(line.values(name), room.history.first):
            assert seen.setdefault((name, room.epoch, offset), value) == value


class OnePublisher(RuleBasedStateMachine):
    """Alone in its rooms, so that a hub without a memory gets all of them back, at the same offsets."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool("p1")
        self.line = Line(self.spool)
        self.pushed: dict[str, list[int]] = {room: [] for room in ROOMS}
        self.seen: dict[tuple[str, str, int], Any] = {}
        self.next = 0

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 40))
    def push(self, room: str, count: int) -> None:
        numbers = range(self.next, self.next + count)
        self.next += count
        self.pushed[room] += numbers
        self.spool.add(room, numbered(*numbers))

    @rule()
    def pump(self) -> None:
        self.line.pump()

    @rule()
    def connect(self) -> None:
        self.line.connect()

    @rule()
    def cut(self) -> None:
        self.line.cut()

    @rule()
    def restart(self) -> None:
        self.line.restart_hub()

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
    def an_offset_that_was_seen_never_means_another_record(self) -> None:
        note_seen(self.line, self.seen)

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


class TwoPublishersShortOfSpace(RuleBasedStateMachine):
    """A small buffer and somebody else in the same rooms: what is lost is counted, the rest comes once and in order."""

    def __init__(self) -> None:
        super().__init__()
        self.spool = Spool("p1", bound_bytes=40_000)
        self.line = Line(self.spool)
        self.pushed: dict[str, list[int]] = {room: [] for room in ROOMS}
        self.seen: dict[tuple[str, str, int], Any] = {}
        self.next = 0
        self.next_of_others = -1

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 400))
    def push(self, room: str, count: int) -> None:
        numbers = range(self.next, self.next + count)
        self.next += count
        self.pushed[room] += numbers
        self.spool.add(room, numbered(*numbers))
        self.line.pump()

    @rule(room=st.sampled_from(ROOMS))
    def somebody_else_pushes(self, room: str) -> None:
        self.line.hub.publish(room, numbered(self.next_of_others), 0, 0.0)
        self.next_of_others -= 1
        self.hear_of_it()

    @rule(room=st.sampled_from(ROOMS))
    def somebody_clears(self, room: str) -> None:
        if room in self.line.hub.rooms:
            self.line.hub.clear(room)
        self.hear_of_it()

    def hear_of_it(self) -> None:
        """The hub lives until the publisher, now or when it is back, knows that it is not alone."""
        if not self.line.is_open or any(isinstance(message, Hello) for message in self.line.sent):
            self.line.settle()
        self.line.carry_back(len(self.line.answers))

    @rule()
    def connect(self) -> None:
        self.line.connect()

    @rule()
    def settle(self) -> None:
        self.line.settle()

    @rule()
    def cut(self) -> None:
        self.line.cut()

    @rule()
    def restart(self) -> None:
        self.line.restart_hub()

    @rule(count=st.integers(1, 8))
    def carry(self, count: int) -> None:
        self.line.carry(count)

    @rule(count=st.integers(1, 8))
    def carry_back(self, count: int) -> None:
        self.line.carry_back(count)

    @invariant()
    def records_of_a_room_lie_in_order_and_once(self) -> None:
        for room in ROOMS:
            own = [value for value in self.line.values(room) if value >= 0]
            assert own == sorted(set(own))
            assert set(own) <= set(self.pushed[room])

    @invariant()
    def an_offset_that_was_seen_never_means_another_record(self) -> None:
        note_seen(self.line, self.seen)

    @invariant()
    def counts_sum_up_and_the_bound_holds(self) -> None:
        assert self.spool.nbytes <= 40_000
        for state in self.spool.statistics():
            assert state.pushed == len(self.pushed[state.room])
            assert state.pushed == state.acknowledged + state.waiting + state.lost
        assert self.spool.nbytes == sum(room.nbytes for room in self.spool._rooms.values())

    def teardown(self) -> None:
        self.line.settle()
        note_seen(self.line, self.seen)
        assert self.spool.is_empty


TestOnePublisher = OnePublisher.TestCase
TestOnePublisher.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestTwoPublishersShortOfSpace = TwoPublishersShortOfSpace.TestCase
TestTwoPublishersShortOfSpace.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
