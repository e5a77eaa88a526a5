"""What one viewer of one room is owed, through a hub and a session: each row of the table, and each way to begin."""

from __future__ import annotations

from typing import Any

import pytest

from livedash import limits
from livedash.core import subscription
from livedash.core.subscription import TRANSITIONS, Event, State
from livedash.testing.viewer import MemoryViewer, gaps_of, records_of, snapshots_of
from livedash.wire.batch import Batch
from livedash.wire.messages import Delivery, Gap, Held, Subscribed
from livedash.wire.position import Position
from tests.core.stage import Stage, numbers


def state_of(viewer: MemoryViewer) -> str:
    (found,) = viewer.session.statistics().subscriptions
    return found.state


@pytest.fixture
def stage() -> Stage:
    return Stage()


# Where a reader starts


def test_now_is_only_what_comes(stage: Stage) -> None:
    stage.push_numbers(1, 3)
    viewer = stage.viewer(since="now")
    assert viewer.take() == [Subscribed("train", stage.epoch, 3, recovered=True)]
    stage.push_numbers(4, 5)
    assert numbers(viewer.take()) == [4, 5]


def test_earliest_of_a_trimmed_history_is_what_it_holds_and_no_gap() -> None:
    stage = Stage(history_records=2)
    stage.push_numbers(1, 5)
    taken = stage.viewer(since="earliest").take()
    assert taken[0] == Subscribed("train", stage.epoch, 3, recovered=True)
    assert (numbers(taken), gaps_of(taken)) == ([4, 5], [])


@pytest.mark.parametrize(("since", "expected"), [("-2", [4, 5]), ("-99", [1, 2, 3, 4, 5]), ("-0", [])])
def test_the_last_records_come_first(stage: Stage, since: str, expected: list[int]) -> None:
    stage.push_numbers(1, 5)
    assert numbers(stage.viewer(since=since).take()) == expected


def test_a_snapshot_comes_first_and_live_records_follow_it(stage: Stage) -> None:
    stage.push_numbers(1, 5)
    viewer = stage.viewer(since="snapshot", window=3)
    taken = viewer.take()
    assert snapshots_of(taken) == [[{"n": 3}, {"n": 4}, {"n": 5}]]
    assert (numbers(taken), gaps_of(taken)) == ([], [])
    stage.push_numbers(6, 6)
    assert numbers(viewer.take()) == [6]


def test_the_cursor_names_no_room_whose_first_snapshot_is_still_owed(stage: Stage) -> None:
    """A stream cut there would come back behind records that it never held."""
    stage.push_numbers(1, 5)
    viewer = stage.viewer(since="snapshot")
    assert str(viewer.session.cursor()) == ""
    viewer.take()
    assert str(viewer.session.cursor()) == f"train:{stage.epoch}-5"


@pytest.mark.parametrize("since", ["now", "earliest", "-5", "snapshot", "train:0-0"])
def test_who_waits_for_a_room_gets_its_first_record_without_a_gap(stage: Stage, since: str) -> None:
    viewer = stage.viewer(since=since)
    assert viewer.take() == [Subscribed("train", "0", 0, recovered=True)]
    assert state_of(viewer) == "waiting"
    stage.push({"n": 1}, {"n": 2})
    taken = viewer.take()
    assert (numbers(taken), gaps_of(taken), snapshots_of(taken)) == ([1, 2], [], [])


def test_a_room_that_has_only_settings_is_waited_for_all_the_same(stage: Stage) -> None:
    viewer = stage.viewer(since="now")
    stage.hub.configure("train", {"history_records": 10}, 0, 0.0)
    assert records_of(viewer.take()) == []
    stage.push_numbers(1, 1)
    assert numbers(viewer.take()) == [1]


def test_a_cursor_from_before_the_room_existed_is_told_what_was_trimmed_meanwhile() -> None:
    stage = Stage(history_records=2)
    assert stage.viewer(since="now").disconnect() == "train:0-0"
    stage.push_numbers(1, 5)
    taken = stage.viewer(since="train:0-0").take()
    assert taken[0] == Subscribed("train", stage.epoch, 0, recovered=False)
    assert gaps_of(taken) == [Gap("train", "trimmed", 1, 3)]
    assert snapshots_of(taken) == [[{"n": 4}, {"n": 5}]]


# Coming back


def test_who_comes_back_gets_what_it_missed(stage: Stage) -> None:
    stage.push_numbers(1, 2)
    viewer = stage.viewer(since="earliest")
    viewer.take()
    cursor = viewer.disconnect()
    stage.push_numbers(3, 4)
    taken = stage.viewer(since=cursor).take()
    assert taken[0] == Subscribed("train", stage.epoch, 2, recovered=True)
    assert (numbers(taken), gaps_of(taken)) == ([3, 4], [])


def test_who_comes_back_too_late_is_told_what_is_missing_and_gets_the_state() -> None:
    stage = Stage(history_records=3)
    stage.push_numbers(1, 10)
    viewer = stage.viewer(since=f"train:{stage.epoch}-2", window=2)
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "trimmed", 3, 7)]
    assert snapshots_of(taken) == [[{"n": 9}, {"n": 10}]]
    stage.push_numbers(11, 11)
    assert numbers(viewer.take()) == [11]


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("train:e1-99", "epoch"),
        ("train:zzz-1", "epoch"),
        ("train:e2", "bad_cursor"),
        ("train:e2-1,,", "bad_cursor"),
        ("x" * 5000 + ":e2-1", "bad_cursor"),
    ],
)
def test_a_cursor_that_does_not_fit_is_a_gap_with_its_reason_and_the_state(
    stage: Stage, cursor: str, reason: str
) -> None:
    stage.viewer("other").disconnect()  # its session takes the id e1, so the room's epoch is e2
    stage.push_numbers(1, 2)
    viewer = stage.viewer(since=cursor)
    taken = viewer.take()
    assert isinstance(taken[0], Subscribed)
    assert not taken[0].recovered
    assert [gap.reason for gap in gaps_of(taken)] == [reason]
    assert snapshots_of(taken) == [[{"n": 1}, {"n": 2}]]
    stage.push_numbers(3, 3)
    assert numbers(viewer.take()) == [3]


def test_a_cursor_beyond_the_top_waits_for_what_another_hub_may_have_read(stage: Stage) -> None:
    stage.push_numbers(1, 2)
    viewer, forger = (stage.viewer(since=f"train:{stage.epoch}-{offset}") for offset in (3, 99))
    assert viewer.take_all()[0] == Subscribed("train", stage.epoch, 3, recovered=True)
    stage.push_numbers(3, 4)
    assert (numbers(viewer.take_all()), gaps_of(forger.take_all())) == ([4], [])
    stage.clock.advance(limits.TAKEOVER_WAIT_S)
    taken = forger.take_all()
    assert gaps_of(taken) == [Gap("train", "beyond_top")]
    assert snapshots_of(taken) == [[{"n": n} for n in (1, 2, 3, 4)]]


def test_a_bad_cursor_for_a_room_that_is_not_there_is_told_and_then_waits(stage: Stage) -> None:
    viewer = stage.viewer(since="train:e1")
    taken = viewer.take()
    assert [gap.reason for gap in gaps_of(taken)] == ["bad_cursor"]
    assert snapshots_of(taken) == [[]]
    stage.push_numbers(1, 1)
    assert numbers(viewer.take()) == [1]


# A hub that began anew, and publishers who give it its rooms back


def test_a_cursor_of_an_unknown_epoch_waits_for_its_publisher_and_goes_on(stage: Stage) -> None:
    viewer = stage.viewer(since="train:k3x9-2")
    assert viewer.take() == [Subscribed("train", "k3x9", 2, recovered=True)]
    stage.clock.advance(2.9)
    assert viewer.take() == []
    stage.hub.restore("train", "k3x9", 1, Batch.from_records([{"n": n} for n in (1, 2, 3)], [0] * 3), 0, 0.0)
    taken = viewer.take()
    assert (numbers(taken), gaps_of(taken)) == ([3], [])


def test_a_reader_is_not_behind_a_publisher_that_gives_back_only_now_what_was_read_before(stage: Stage) -> None:
    viewer = stage.viewer(since="train:k3x9-4", max_hz=10)
    viewer.take()
    for first, last in ((1, 1), (2, 2)):
        batch = Batch.from_records([{"n": n} for n in range(first, last + 1)], [0] * (last - first + 1))
        stage.hub.restore("train", "k3x9", first, batch, 0, 0.0, owed_top=4)
        assert viewer.take_all() == []
        assert viewer.session.due_s() is None
    stage.push_numbers(3, 5)
    assert numbers(viewer.take_all()) == [5]
    assert gaps_of(viewer.received) == []


def test_a_cursor_beyond_what_a_former_hub_gave_out_is_beyond_the_top(stage: Stage) -> None:
    stage.hub.restore("train", "k3x9", 1, Batch.from_records([{"n": 1}], [0]), 0, 0.0, owed_top=4)
    viewer = stage.viewer(since="train:k3x9-5")
    stage.clock.advance(limits.TAKEOVER_WAIT_S)
    assert gaps_of(viewer.take()) == [Gap("train", "beyond_top")]


def test_a_cursor_that_waited_in_vain_is_told_restarted_and_waits_on_for_the_room(stage: Stage) -> None:
    viewer = stage.viewer(since="train:k3x9-2")
    viewer.take()
    assert viewer.session.due_s() == stage.clock.now_s() + limits.TAKEOVER_WAIT_S
    stage.clock.advance(limits.TAKEOVER_WAIT_S)
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "restarted")]
    assert snapshots_of(taken) == [[]]
    assert viewer.session.due_s() is None
    assert str(viewer.session.cursor()) == "train:0-0"
    stage.push_numbers(1, 2)
    assert numbers(viewer.take()) == [1, 2]


def test_a_room_that_begins_anew_while_its_old_reader_waits_is_told_restarted(stage: Stage) -> None:
    viewer = stage.viewer(since="train:k3x9-2")
    viewer.take()
    stage.push_numbers(1, 3)
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "restarted")]
    assert snapshots_of(taken) == [[{"n": 1}, {"n": 2}, {"n": 3}]]


def test_readers_of_an_epoch_that_a_publisher_could_not_give_back_are_told_restarted(stage: Stage) -> None:
    stage.push_numbers(1, 1)
    stage.hub.hello({"train": Held("k3x9", 1, 5)})
    assert gaps_of(stage.viewer(since="train:k3x9-2").take()) == [Gap("train", "restarted")]


# Rooms that end


def test_clearing_is_told_and_the_empty_room_replaces_what_was_held(stage: Stage) -> None:
    stage.push_numbers(1, 3)
    viewer = stage.viewer(since="earliest")
    viewer.take()
    stage.hub.clear("train")
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "cleared")]
    assert snapshots_of(taken) == [[]]
    stage.push_numbers(1, 1)
    assert numbers(viewer.take()) == [1]


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("away", [True, False])
def test_deleting_is_told_at_once_and_its_readers_wait_for_a_room_of_that_name(
    stage: Stage, again: bool, away: bool
) -> None:
    stage.push_numbers(1, 3)
    viewer = stage.viewer(since="now")
    viewer.take()
    cursor = viewer.disconnect() if away else ""
    stage.hub.delete("train")
    if again:
        stage.push_numbers(1, 2)
    viewer = stage.viewer(since=cursor) if away else viewer
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "deleted")]
    assert snapshots_of(taken) == [[{"n": 1}, {"n": 2}] if again else []]
    assert state_of(viewer) == ("reading" if again else "waiting")


# Slow viewers


def test_a_viewer_whose_next_record_is_gone_gets_gap_slow_and_the_state() -> None:
    stage = Stage(history_records=3)
    viewer = stage.viewer(since="now")
    stage.push_numbers(1, 2)
    viewer.take()
    stage.push_numbers(3, 10)
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "slow", 3, 7)]
    assert snapshots_of(taken) == [[{"n": 8}, {"n": 9}, {"n": 10}]]


def test_a_blocked_viewer_with_more_than_an_outbox_behind_it_gets_the_state_instead(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OUTBOX_BYTES", 50_000)
    viewer = stage.viewer(since="now", window=2)
    stage.push_numbers(1, 1)
    viewer.take()
    stage.push_numbers(2, 300)
    viewer.session.note_blocked()
    taken = viewer.take()
    assert gaps_of(taken) == [Gap("train", "slow", 2, 300)]
    assert snapshots_of(taken) == [[{"n": 299}, {"n": 300}]]


def test_a_burst_alone_is_no_reason_to_leave_anything_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OUTBOX_BYTES", 50_000)
    viewer = stage.viewer(since="now")
    stage.push_numbers(1, 1000)
    assert numbers(viewer.take_all(max_bytes=5000)) == list(range(1, 1001))


# Modes and rates


@pytest.mark.parametrize(("mode", "given"), [("latest", 5), ("sample", 1)])
def test_a_mode_that_leaves_records_out_counts_them_and_passes_them(stage: Stage, mode: Any, given: int) -> None:
    viewer = stage.viewer(since="now", mode=mode)
    viewer.take()
    stage.push_numbers(1, 5)
    (delivery,) = viewer.take()
    assert isinstance(delivery, Delivery)
    assert (delivery.batch.records(), delivery.skipped, delivery.offset) == ([{"n": given}], 4, 5)


def test_mode_latest_of_a_keyed_room_gives_the_last_record_of_each_key(stage: Stage) -> None:
    stage.hub.configure("train", {"key": "id"}, 0, 0.0)
    viewer = stage.viewer(since="now", mode="latest")
    viewer.take()
    for number in range(10):
        stage.push({"id": number % 3, "n": number})
    (delivery,) = viewer.take()
    assert isinstance(delivery, Delivery)
    assert [record["n"] for record in delivery.batch.records()] == [7, 8, 9]
    assert (delivery.skipped, delivery.offset) == (7, 10)


def test_max_hz_in_mode_all_bounds_messages_and_leaves_nothing_out(stage: Stage) -> None:
    viewer = stage.viewer(since="now", max_hz=2.0)
    viewer.take()
    stage.push_numbers(1, 1)
    assert numbers(viewer.take()) == [1]
    assert viewer.session.due_s() is None
    stage.push_numbers(2, 5)
    assert viewer.take() == []
    assert viewer.session.due_s() == stage.clock.now_s() + 0.5
    stage.clock.advance(0.5)
    (delivery,) = viewer.take()
    assert isinstance(delivery, Delivery)
    assert (numbers([delivery]), delivery.skipped) == ([2, 3, 4, 5], 0)


@pytest.mark.parametrize("mode", ["latest", "sample"])
def test_max_hz_bounds_records_in_the_modes_that_leave_some_out(stage: Stage, mode: Any) -> None:
    viewer = stage.viewer(since="now", mode=mode, max_hz=2.0)
    for tick in range(20):
        stage.push_numbers(tick + 1, tick + 1)
        viewer.take()
        stage.clock.advance(0.1)
    stage.clock.advance(0.5)
    viewer.take()
    deliveries = [message for message in viewer.received if isinstance(message, Delivery)]
    assert len(deliveries) <= 6
    assert sum(each.batch.count + each.skipped for each in deliveries) == deliveries[-1].offset == 20


# What the viewer published itself


def test_echo_false_leaves_the_viewers_own_records_out_and_counts_them(stage: Stage) -> None:
    viewer, other = stage.viewer(since="now"), stage.viewer(since="now")
    stage.push({"n": 1})
    stage.push({"n": 2}, {"n": 3}, session=viewer.session)
    stage.push({"n": 4}, session=viewer.session)
    stage.push({"n": 5})
    taken = viewer.take_all()
    assert numbers(taken) == [1, 5]
    assert [message.skipped for message in taken if isinstance(message, Delivery)] == [0, 3]
    assert numbers(other.take()) == [1, 2, 3, 4, 5]


def test_echo_false_holds_for_the_record_that_begins_the_room(stage: Stage) -> None:
    by_name, by_glob = stage.viewer("train"), stage.viewer("tr*")
    stage.push({"n": 1}, session=by_glob.session)
    stage.push({"n": 2}, session=by_name.session)
    assert numbers(by_glob.take_all()) == [2]
    assert numbers(by_name.take_all()) == [1]


# The table


def test_the_table_uses_each_state_and_each_event() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State) == set(TRANSITIONS.values())
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_the_essay_of_the_module_has_each_row_of_the_table() -> None:
    told = {
        (words[0], words[1], words[2])
        for line in (subscription.__doc__ or "").splitlines()
        if len(words := line.split()) >= 4 and words[0].upper() in State.__members__
    }
    assert told == {(at.name.lower(), event.name.lower(), to.name.lower()) for (at, event), to in TRANSITIONS.items()}


def test_statistics_tell_state_place_and_what_was_left_out(stage: Stage) -> None:
    stage.push_numbers(1, 1)
    viewer = stage.viewer(since="train:zzz-1", mode="latest")
    viewer.take()
    stage.push_numbers(2, 4)
    viewer.take()
    (told,) = viewer.session.statistics().subscriptions
    assert (told.state, told.position, told.skipped, told.gaps) == ("reading", Position(stage.epoch, 4), 2, 1)


def test_own_records_of_an_epoch_that_ended_leave_out_none_of_the_next_one(stage: Stage) -> None:
    viewer = stage.viewer()  # it waits, and takes nothing until the room has begun twice
    stage.push({"n": 1}, session=viewer.session)
    stage.hub.clear("train")
    stage.push({"n": 2})
    assert numbers(viewer.take_all()) == [2]
