from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.grant import owner
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.testing.viewer import gaps_of, records_of
from livedash.transports.backlog import Backlog
from livedash.transports.close_codes import TOO_SLOW
from livedash.transports.viewer import Viewer
from livedash.wire.since import Snapshot
from tests.transports.theatre import MemorySink, Theatre

BOUND = 10_000_000


@pytest.fixture
def theatre() -> Theatre:
    return Theatre(viewers_bytes=BOUND)


class Crowd:
    """Readers of the room `train`."""

    def __init__(self, theatre: Theatre, count: int, *, is_stuck: bool) -> None:
        self.viewers: list[Viewer] = []
        self.sinks: list[MemorySink] = []
        for _ in range(count):
            viewer, sink = theatre.viewer()
            sink.is_stuck = is_stuck
            self.viewers.append(viewer)
            self.sinks.append(sink)
            viewer.session.subscribe("train", lambda room: Snapshot(), Reading(), theatre.loop.time())
        theatre.loop.settle()

    def pending_bytes(self) -> int:
        return sum(sink.pending_bytes for sink in self.sinks)


class Weight:
    """Holds what it is told to."""

    def __init__(self, backlog: Backlog, waiting_bytes: int, *, is_still: bool = True) -> None:
        self._backlog = backlog
        self.waiting_bytes = waiting_bytes
        self.is_still = is_still
        self.is_cut = False
        backlog.enter(self)
        backlog.change(waiting_bytes)

    def is_blocked(self, now_s: float) -> bool:
        return self.is_still

    def note_waiting(self) -> None:
        """It does not change by itself."""

    def cut(self) -> None:
        self.is_cut = True
        self._backlog.leave(self)


def of_nobody(session: Session) -> None:
    raise AssertionError("nobody waits")


def test_a_viewers_share_shrinks_with_their_number_so_that_all_together_fill_half_of_the_bound() -> None:
    backlog = Backlog(BOUND, of_nobody)
    assert backlog.share_bytes == limits.SEND_BUFFER_BYTES
    weights = [Weight(backlog, 0) for _ in range(100)]
    assert backlog.share_bytes == BOUND // 200
    for weight in weights[1:]:
        weight.cut()
    assert backlog.share_bytes == limits.SEND_BUFFER_BYTES
    assert Backlog(0, of_nobody).share_bytes == 1


def test_who_holds_the_most_goes_first_and_no_more_than_must() -> None:
    backlog = Backlog(BOUND, of_nobody)
    small, largest, large = (Weight(backlog, size) for size in (2_000_000, 5_000_000, 4_000_000))
    backlog.relieve(0.0)
    assert [weight.is_cut for weight in (small, largest, large)] == [False, True, False]
    assert backlog.waiting_bytes == 6_000_000


def test_who_takes_what_comes_stays_however_full_it_is() -> None:
    backlog = Backlog(BOUND, of_nobody)
    moving, frozen = Weight(backlog, 8_000_000, is_still=False), Weight(backlog, 2_500_000)
    backlog.relieve(0.0)
    assert (moving.is_cut, frozen.is_cut) == (False, True)


def test_more_than_an_outbox_is_too_much_when_it_is_full_even_for_who_takes() -> None:
    backlog = Backlog(BOUND, of_nobody)
    moving, frozen = Weight(backlog, limits.OUTBOX_BYTES + 1, is_still=False), Weight(backlog, 2_500_000)
    backlog.relieve(0.0)
    assert (moving.is_cut, frozen.is_cut) == (True, False)


def test_nobody_is_sent_away_below_the_bound() -> None:
    backlog = Backlog(BOUND, of_nobody)
    weight = Weight(backlog, BOUND - 1)
    backlog.relieve(0.0)
    assert not weight.is_cut


def test_who_was_put_off_is_woken_once_there_is_room() -> None:
    woken: list[Session] = []
    theatre = Theatre()
    sessions = [theatre.hub.open_session(owner("reader"), "", lambda: None, 0.0) for _ in range(3)]
    backlog = Backlog(BOUND, woken.append)
    weight, _ = (Weight(backlog, BOUND // 2, is_still=False) for _ in range(2))
    assert [backlog.admits(session, 0.0) for session in sessions] == [False] * 3
    backlog.forget(sessions[1])
    backlog.change(0)
    assert woken == []
    weight.cut()
    weight.cut()
    assert woken == [sessions[0], sessions[2]]
    assert backlog.admits(sessions[1], 0.0)


# With viewers


def test_however_many_read_nothing_what_waits_for_all_of_them_is_bounded(theatre: Theatre) -> None:
    crowd = Crowd(theatre, 200, is_stuck=True)
    reader = Crowd(theatre, 1, is_stuck=False)
    for _ in range(100):
        theatre.push_bytes(200_000, piece=20_000)
        theatre.loop.settle()
        assert crowd.pending_bytes() == theatre.stage.backlog.waiting_bytes <= BOUND
    assert len(records_of(reader.sinks[0].messages())) == 1000  # and it waited for none of them
    assert theatre.stage.slow_viewers().coalesced == 200
    assert theatre.stage.slow_viewers().disconnected == 0


def test_messages_of_more_than_the_share_fill_it_up_and_then_who_reads_nothing_is_sent_away(theatre: Theatre) -> None:
    crowd = Crowd(theatre, 40, is_stuck=True)
    reader = Crowd(theatre, 1, is_stuck=False)
    theatre.push_bytes(900_000, piece=900_000)
    theatre.loop.settle()
    assert BOUND <= crowd.pending_bytes() <= BOUND + 1_000_000
    assert records_of(reader.sinks[0].messages()) == []  # it waits, as its records do
    theatre.loop.advance(limits.SLOW_AFTER_S + limits.LINK_CHECK_S)
    assert len(records_of(reader.sinks[0].messages())) == 1
    ended = [sink for sink in crowd.sinks if sink.ended]
    assert {(sink.ended, sink.is_aborted) for sink in ended} == {((TOO_SLOW, "slow"), True)}
    assert theatre.stage.slow_viewers().disconnected == len(ended) > 0
    held = sum(sink.pending_bytes for sink in crowd.sinks if not sink.ended)
    assert held == theatre.stage.backlog.waiting_bytes <= BOUND + 1_000_000


def test_who_was_put_off_misses_nothing(theatre: Theatre) -> None:
    frozen = Crowd(theatre, 20, is_stuck=True)
    reader = Crowd(theatre, 1, is_stuck=False)
    for _ in range(20):
        theatre.push_bytes(900_000, piece=900_000)
        theatre.loop.advance(0.5)
    messages = reader.sinks[0].messages()
    assert (len(records_of(messages)), gaps_of(messages)) == (20, [])
    assert theatre.stage.slow_viewers().disconnected > 0
    assert any(viewer.is_ended for viewer in frozen.viewers)


def test_what_a_viewer_held_is_free_when_it_has_left(theatre: Theatre) -> None:
    crowd = Crowd(theatre, 5, is_stuck=True)
    theatre.push_bytes(3_000_000)
    theatre.loop.settle()
    assert theatre.stage.backlog.waiting_bytes > 0
    for viewer in crowd.viewers:
        viewer.on_gone()
        viewer.note_waiting()
    assert theatre.stage.backlog.waiting_bytes == 0
