from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.connections import ConnectionBounds
from livedash.core.grant import Grant
from livedash.core.reading import Reading
from livedash.errors import LimitReachedError
from livedash.testing.viewer import gaps_of, records_of, snapshots_of
from livedash.transports.close_codes import GOING_AWAY, LINK_ENDED, TOO_SLOW
from livedash.transports.viewer import Liveness, Viewer
from livedash.wire.messages import Bye, HubMessage, Pong, Subscribed
from livedash.wire.since import Earliest, Now
from tests.transports.theatre import MemorySink, Theatre

LIVENESS = Liveness(ping_interval_s=20.0, answer_limit_s=40.0)


def reading(theatre: Theatre, viewer: Viewer, since: object = None, **reading: object) -> None:
    viewer.session.subscribe("train", lambda room: since or Now(), Reading(**reading), theatre.loop.time())  # type: ignore[arg-type]
    theatre.loop.settle()


def byes(messages: list[HubMessage]) -> list[Bye]:
    return [message for message in messages if isinstance(message, Bye)]


def test_what_is_published_is_sent_in_order_within_the_next_turn(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    for number in range(5):
        theatre.push({"n": number})
    theatre.loop.turn()
    first, *others = sink.messages()
    assert isinstance(first, Subscribed)
    assert [record["n"] for record in records_of(others)] == [0, 1, 2, 3, 4]


def test_a_viewer_whose_sink_is_full_is_sent_nothing_more_until_it_drains(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    theatre.push_bytes(5_000_000)
    theatre.loop.settle()
    assert limits.SEND_BUFFER_BYTES <= sink.pending_bytes < 3 * limits.SEND_BUFFER_BYTES
    assert viewer.is_sending
    sink.is_stuck = False
    theatre.take_all(viewer, sink)
    theatre.loop.settle()
    assert len(records_of(sink.messages())) == 10
    assert not viewer.is_sending


def test_a_burst_that_is_taken_at_once_makes_nobody_slow(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    theatre.push_bytes(20_000_000)
    theatre.loop.settle()
    messages = sink.messages()
    assert (len(records_of(messages)), gaps_of(messages)) == (40, [])


def test_a_viewer_that_took_nothing_for_a_while_and_missed_much_gets_a_gap_and_the_state(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer, window=2)
    sink.is_stuck = True
    theatre.push_bytes(20_000_000)
    theatre.loop.advance(limits.SLOW_AFTER_S)
    sink.is_stuck = False
    theatre.take_all(viewer, sink)
    theatre.loop.settle()
    messages = sink.messages()
    assert [gap.reason for gap in gaps_of(messages)] == ["slow"]
    assert len(snapshots_of(messages)[0]) == 2
    assert len(records_of(messages)) < 10


def test_a_viewer_that_took_nothing_for_a_while_and_missed_little_gets_all_of_it(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    theatre.push_bytes(limits.OUTBOX_BYTES // 2)
    theatre.loop.advance(limits.SLOW_AFTER_S)
    sink.is_stuck = False
    theatre.take_all(viewer, sink)
    theatre.loop.settle()
    assert gaps_of(sink.messages()) == []


def test_a_viewer_that_takes_nothing_for_a_minute_is_cut_as_too_slow(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    theatre.push_bytes(5_000_000)
    theatre.loop.settle()
    theatre.loop.advance(limits.BLOCKED_WRITE_S - 1)
    assert not viewer.is_ended
    theatre.loop.advance(1.5)
    assert (sink.ended, sink.is_aborted, viewer.is_ended) == ((TOO_SLOW, "slow"), True, True)
    assert theatre.hub.sessions() == []


def test_a_websocket_whose_peer_reads_nothing_any_more_is_too_slow_rather_than_idle(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer(LIVENESS)
    reading(theatre, viewer)
    sink.is_stuck = True
    theatre.push_bytes(5_000_000)
    theatre.loop.advance(40.5)
    assert (sink.ended, sink.is_aborted, viewer.is_ended) == ((TOO_SLOW, "slow"), True, True)


def test_each_step_down_is_counted_once(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    for _ in range(4):
        theatre.push_bytes(5_000_000)
        theatre.loop.advance(limits.SLOW_AFTER_S)
    slow = theatre.stage.slow_viewers()
    assert (slow.coalesced, slow.dropped, slow.disconnected) == (1, 0, 0)
    assert limits.SEND_BUFFER_BYTES <= slow.waiting_bytes == sink.pending_bytes
    theatre.take_all(viewer, sink)
    theatre.loop.settle()
    assert theatre.stage.slow_viewers().dropped == 1
    theatre.loop.advance(limits.BLOCKED_WRITE_S + 1)
    slow = theatre.stage.slow_viewers()
    assert (slow.dropped, slow.disconnected, slow.waiting_bytes) == (1, 1, 0)


def test_a_peer_that_the_system_gave_up_has_taken_nothing_and_is_counted_once(theatre: Theatre) -> None:
    viewer, _ = theatre.viewer()
    viewer.on_gone(took_nothing=True)
    viewer.on_gone(took_nothing=True)
    assert theatre.stage.slow_viewers().disconnected == 1


def test_a_viewer_that_takes_a_little_at_a_time_is_slow_and_not_cut(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    for _ in range(4):
        theatre.push_bytes(5_000_000)
        theatre.loop.advance(limits.BLOCKED_WRITE_S / 2)
        sink.pending_bytes = limits.SEND_BUFFER_BYTES - 1  # never all of it, so that it is not told as drained
    theatre.push({"n": 1})
    theatre.loop.settle()
    assert not viewer.is_ended


def test_a_drained_sink_of_a_viewer_that_was_not_blocked_gives_nothing_to_do(theatre: Theatre) -> None:
    viewer, _ = theatre.viewer()
    reading(theatre, viewer)
    viewer.on_drained()
    assert theatre.loop.is_idle
    viewer.end("draining")
    viewer.on_drained()
    assert theatre.loop.is_idle


def test_a_living_peer_is_pinged_and_stays(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer(LIVENESS)
    for _ in range(10):
        theatre.loop.advance(20.0)
        viewer.on_answer()
    assert 9 <= sink.pings <= 10
    assert not viewer.is_ended


def test_a_peer_that_answers_no_ping_is_cut(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer(LIVENESS)
    theatre.loop.advance(39.0)
    assert (sink.pings, viewer.is_ended) == (1, False)
    theatre.loop.advance(1.5)
    assert (sink.ended, sink.is_aborted, viewer.is_ended) == ((GOING_AWAY, "idle"), True, True)


def test_a_stream_without_answers_is_pinged_and_never_cut_for_them(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer(Liveness(15.0, None))
    theatre.loop.advance(301.0)
    assert (sink.pings, viewer.is_ended) == (20, False)


def test_a_viewer_whose_grant_has_ended_is_told_why_within_a_second(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer(grant=Grant("link:1", read=("train",), link_id="1"))
    other, _ = theatre.viewer()
    theatre.loop.advance(10.0)
    theatre.ended["link:1"] = "revoked"
    theatre.loop.advance(1.0)
    assert byes(sink.messages()) == [Bye("revoked", None)]
    assert sink.ended == (LINK_ENDED, "revoked")
    assert (viewer.is_ended, other.is_ended) == (True, False)


def test_bye_is_the_last_message_and_is_said_once(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    theatre.push({"n": 1})
    viewer.end("draining", retry_after_s=1.5)
    viewer.end("slow")
    theatre.loop.settle()
    assert sink.messages()[-1] == Bye("draining", 1.5)
    assert (sink.ended, theatre.hub.sessions(), theatre.stage.viewers()) == ((4001, "draining"), [], [])


def test_a_peer_that_is_gone_leaves_nothing_behind_and_its_owner_is_told_once(theatre: Theatre) -> None:
    told: list[str] = []
    sink = MemorySink()
    known, _ = theatre.viewer()
    viewer = Viewer(theatre.stage, known.session.grant, sink, known._framing, on_end=lambda: told.append("end"))
    viewer.on_gone()
    viewer.on_gone()
    viewer.pump()
    assert (told, theatre.stage.viewers(), theatre.hub.sessions()) == (["end"], [known], [known.session])


def test_a_sink_that_finds_its_peer_gone_while_it_sends_ends_the_pump(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    viewer._sink.send = lambda data: viewer.on_gone()  # type: ignore[method-assign]
    viewer.session.notify(Pong())
    theatre.loop.settle()
    assert viewer.is_ended
    assert sink.ended is None


def test_a_client_that_asks_without_reading_its_answers_is_sent_away(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    viewer.session.outbox.bound = 3
    for _ in range(4):
        viewer.session.notify(Pong())
    theatre.loop.settle()
    assert sink.ended == (TOO_SLOW, "slow")
    assert byes(sink.messages()) == [Bye("slow", limits.BYE_RETRY_S)]


def test_a_client_that_asks_without_reading_while_its_buffer_is_full_is_cut(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer)
    sink.is_stuck = True
    theatre.push_bytes(2_000_000)
    theatre.loop.settle()
    viewer.session.outbox.bound = 3
    for _ in range(4):
        viewer.session.notify(Pong())
    theatre.loop.settle()
    assert (sink.ended, sink.is_aborted) == ((TOO_SLOW, "slow"), True)
    assert theatre.stage.slow_viewers().disconnected == 1


def test_a_rate_is_kept_and_what_waits_for_it_is_sent_when_it_is_due(theatre: Theatre) -> None:
    viewer, sink = theatre.viewer()
    reading(theatre, viewer, max_hz=1.0)
    theatre.push({"n": 1})
    theatre.loop.settle()
    theatre.push({"n": 2})
    theatre.loop.settle()
    assert [record["n"] for record in records_of(sink.messages())] == [1]
    theatre.loop.advance(1.0)
    assert [record["n"] for record in records_of(sink.messages())] == [2]


def test_long_history_is_sent_in_steps(theatre: Theatre) -> None:
    theatre.push_bytes(10_000_000)
    viewer, sink = theatre.viewer()
    viewer.session.subscribe("train", lambda room: Earliest(), Reading(), theatre.loop.time())
    theatre.loop.turn()
    assert len(records_of(sink.messages())) < 5
    theatre.loop.settle()
    assert len(records_of(sink.messages())) > 15


def test_a_full_hub_opens_no_session() -> None:
    theatre = Theatre(connections=ConnectionBounds(in_all=1))
    theatre.viewer()
    with pytest.raises(LimitReachedError, match="1 connections"):
        theatre.viewer()
    assert len(theatre.stage.viewers()) == 1


def test_old_records_are_dropped_about_twice_a_second(theatre: Theatre) -> None:
    theatre.hub.configure("train", {"history_age": 10}, theatre.now_us(), theatre.loop.time())
    theatre.push({"n": 1})
    theatre.loop.advance(9.0)
    assert theatre.hub.room("train").history.records == 1
    theatre.loop.advance(2.0)
    assert theatre.hub.room("train").history.records == 0


def test_a_closed_stage_leaves_no_timer(theatre: Theatre) -> None:
    viewer, _ = theatre.viewer(LIVENESS)
    theatre.stage.flusher.pump_at(viewer.session, 1005.0)
    theatre.stage.close()
    assert theatre.loop.timers == []


def test_the_wall_clock_is_in_seconds_since_1970(theatre: Theatre) -> None:
    assert theatre.stage.wall_clock_s() == pytest.approx(theatre.loop.time())
