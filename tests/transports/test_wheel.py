from __future__ import annotations

import pytest

from livedash import limits
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop
from livedash.transports.wheel import Wheel


class Member:
    """Notes when it was ticked; a tick takes `cost_s`."""

    def __init__(self, loop: ManualLoop, cost_s: float = 0.0) -> None:
        self._loop, self._cost_s = loop, cost_s
        self.ticks: list[float] = []

    def tick(self, now_s: float) -> None:
        self.ticks.append(now_s)
        self._loop.clock.advance(self._cost_s)


@pytest.fixture
def loop() -> ManualLoop:
    return ManualLoop(ManualClock(1000.0))


def nothing() -> None:
    """Of each turn."""


def test_members_are_ticked_twice_a_second(loop: ManualLoop) -> None:
    wheel, member = Wheel(loop, nothing), Member(loop)
    wheel.add(member)
    loop.advance(2.0)
    assert [tick - 1000.0 for tick in member.ticks] == [0.5, 1.0, 1.5, 2.0]


def test_each_turn_begins_with_what_is_to_be_done_every_turn(loop: ManualLoop) -> None:
    told: list[str] = []

    class Teller:
        def tick(self, now_s: float) -> None:
            told.append("tick")

    Wheel(loop, lambda: told.append("turn")).add(Teller())
    loop.advance(1.0)
    assert told == ["turn", "tick", "turn", "tick"]


def test_who_has_left_is_not_ticked_any_more(loop: ManualLoop) -> None:
    wheel, stays, leaves = Wheel(loop, nothing), Member(loop), Member(loop)
    wheel.add(stays)
    wheel.add(leaves)
    wheel.remove(leaves)
    wheel.remove(leaves)  # twice is no mistake: an end may have two causes
    loop.advance(1.0)
    assert (len(stays.ticks), leaves.ticks, wheel.members()) == (2, [], [stays])


def test_a_member_that_leaves_within_a_turn_is_not_ticked_after_that(loop: ManualLoop) -> None:
    wheel, first = Wheel(loop, nothing), Member(loop)

    class Last:
        def tick(self, now_s: float) -> None:
            wheel.remove(first)

    wheel.add(first)
    wheel.add(Last())  # the wheel ticks the youngest first
    loop.advance(0.5)
    assert first.ticks == []


def test_a_long_turn_is_cut_into_slices_between_which_the_loop_does_its_other_work(loop: ManualLoop) -> None:
    wheel = Wheel(loop, nothing)
    members = [Member(loop, cost_s=limits.FLUSH_SLICE_S) for _ in range(3)]
    for member in members:
        wheel.add(member)
    assert loop.fire_next_timer()
    ticked = [sum(len(member.ticks) for member in members)]
    while not loop.is_idle:
        loop.turn()
        ticked.append(sum(len(member.ticks) for member in members))
    assert ticked == [1, 2, 3, 3]  # the last one finds nobody left, and waits for the next turn


def test_the_next_turn_comes_half_a_second_after_this_ones_beginning(loop: ManualLoop) -> None:
    wheel, member = Wheel(loop, nothing), Member(loop, cost_s=0.1)
    wheel.add(member)
    loop.advance(1.7)
    assert [round(tick - 1000.0, 6) for tick in member.ticks] == [0.5, 1.0, 1.5]


def test_a_closed_wheel_stands_still(loop: ManualLoop) -> None:
    wheel, member = Wheel(loop, nothing), Member(loop)
    wheel.add(member)
    loop.advance(0.5)
    wheel.close()
    loop.advance(5.0)
    assert len(member.ticks) == 1
    assert loop.timers == []
