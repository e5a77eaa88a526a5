from __future__ import annotations

from livedash import limits
from livedash.core.grant import owner
from livedash.core.session import Session
from tests.transports.theatre import Theatre


class Reader:
    """A session that notes when it is pumped; a pump takes `cost_s`."""

    def __init__(self, theatre: Theatre, cost_s: float = 0.0) -> None:
        self._theatre, self._cost_s = theatre, cost_s
        self.pumped: list[float] = []
        self.session: Session = theatre.hub.open_session(owner("reader"), "", self._pump, 0.0)

    def _pump(self) -> None:
        self.pumped.append(self._theatre.loop.time() - 1000.0)
        self._theatre.loop.clock.advance(self._cost_s)


def test_a_viewer_that_is_owed_much_is_pumped_once_a_turn(theatre: Theatre) -> None:
    reader = Reader(theatre)
    for _ in range(100):
        theatre.hub.mark_dirty(reader.session)
    assert reader.pumped == []  # not within the publisher's own call
    theatre.loop.settle()
    assert len(reader.pumped) == 1


def test_who_becomes_dirty_while_others_are_pumped_is_pumped_in_the_next_turn(theatre: Theatre) -> None:
    late = Reader(theatre)
    first = theatre.hub.open_session(owner("first"), "", lambda: theatre.hub.mark_dirty(late.session), 0.0)
    theatre.hub.mark_dirty(first)
    theatre.loop.turn()
    assert late.pumped == []
    theatre.loop.turn()
    assert len(late.pumped) == 1
    assert theatre.loop.is_idle


def test_a_flush_is_cut_into_slices_so_that_the_host_gets_its_turn(theatre: Theatre) -> None:
    readers = [Reader(theatre, cost_s=limits.FLUSH_SLICE_S / 2) for _ in range(6)]
    for reader in readers:
        theatre.hub.mark_dirty(reader.session)
    done = []
    while not theatre.loop.is_idle:
        theatre.loop.turn()
        done.append(sum(len(reader.pumped) for reader in readers))
    assert done == [2, 4, 6]


def test_who_waited_for_a_slice_comes_before_who_became_dirty_meanwhile(theatre: Theatre) -> None:
    first, second, third = (Reader(theatre, cost_s=limits.FLUSH_SLICE_S) for _ in range(3))
    for reader in (first, second):
        theatre.hub.mark_dirty(reader.session)
    theatre.loop.turn()
    for reader in (third, first):
        theatre.hub.mark_dirty(reader.session)
    theatre.loop.settle()
    assert second.pumped[0] < third.pumped[0] < first.pumped[1]


def test_a_session_that_closed_meanwhile_is_not_pumped(theatre: Theatre) -> None:
    leaver = Reader(theatre)
    closes = theatre.hub.open_session(owner("first"), "", leaver.session.close, 0.0)
    theatre.hub.mark_dirty(closes)
    theatre.hub.mark_dirty(leaver.session)
    theatre.loop.settle()
    assert leaver.pumped == []


def test_a_session_is_pumped_later_though_nothing_new_comes(theatre: Theatre) -> None:
    reader = Reader(theatre)
    theatre.stage.flusher.pump_at(reader.session, 1002.0)
    theatre.loop.advance(1.9)
    assert reader.pumped == []
    theatre.loop.advance(0.1)
    assert reader.pumped == [2.0]


def test_the_sooner_of_two_times_counts_and_the_later_one_does_not_come_again(theatre: Theatre) -> None:
    reader = Reader(theatre)
    for when_s in (1003.0, 1002.0, 1004.0):
        theatre.stage.flusher.pump_at(reader.session, when_s)
    theatre.loop.advance(10.0)
    assert reader.pumped == [2.0]


def test_a_session_that_is_planned_again_and_again_waits_once(theatre: Theatre) -> None:
    reader = Reader(theatre)
    for number in range(1000):
        theatre.stage.flusher.pump_at(reader.session, 1002.0 + number)
    assert len(theatre.stage.flusher._due) == 1


def test_sessions_are_pumped_in_the_order_of_their_times(theatre: Theatre) -> None:
    readers = [Reader(theatre) for _ in range(3)]
    for reader, when_s in zip(readers, (1003.0, 1001.0, 1002.0), strict=True):
        theatre.stage.flusher.pump_at(reader.session, when_s)
    theatre.loop.advance(3.0)
    assert [reader.pumped for reader in readers] == [[3.0], [1.0], [2.0]]


def test_a_session_that_is_planned_for_a_far_time_is_asked_again_within_a_minute(theatre: Theatre) -> None:
    closed = Reader(theatre)
    theatre.stage.flusher.pump_at(closed.session, 1e9)
    closed.session.close()
    theatre.loop.advance(limits.BLOCKED_WRITE_S)
    assert closed.pumped == []
    assert not theatre.stage.flusher._due
    assert not theatre.stage.flusher._planned_s


def test_a_closed_flusher_pumps_nobody(theatre: Theatre) -> None:
    reader = Reader(theatre)
    theatre.stage.flusher.pump_at(reader.session, 1001.0)
    theatre.stage.flusher.close()
    theatre.loop.advance(5.0)
    assert reader.pumped == []
