from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.core.takeover import acquaintance, check_position, held_already
from livedash.errors import ConflictError, ProtocolError
from livedash.testing.viewer import gaps_of, snapshots_of
from livedash.wire.batch import Batch
from livedash.wire.messages import Gap, Held, Subscribed
from tests.core.stage import Stage, numbers


def room_at(top: int, **continued: int) -> Room:
    room = Room("train", "now", RoomSettings())
    if top:
        room.append(Batch.from_records([{"n": n} for n in range(top)], [0] * top), 0)
    for epoch, upto in continued.items():
        room.note_continued(epoch, upto)
    return room


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (Held("now", 1, 5), "known"),
        (Held("now", 1, 6), "unknown"),
        (Held("before", 1, 5), "known"),
        (Held("before", 1, 8), "unknown"),
        (Held("before", 6, 8), "unknown"),
        (Held("before", 7, 8), "other"),  # a hole would be left
        (Held("long.ago", 1, 3), "known"),
        (Held("long.ago", 1, 4), "other"),  # others have the offsets of what it would give back
        (Held("strange", 1, 5), "other"),
    ],
)
def test_a_publisher_may_give_back_what_follows_and_nobody_has_taken(held: Held, answer: str) -> None:
    assert acquaintance(room_at(5, **{"before": 5, "long.ago": 3}), held) == answer


def test_of_what_is_given_back_the_part_that_is_here_is_counted() -> None:
    room = room_at(5, before=5, older=3)
    assert held_already(room, "now", 4, 4) == 2
    assert held_already(room, "before", 6, 2) == 0
    assert held_already(room, "older", 1, 3) == 3


@pytest.mark.parametrize(
    ("epoch", "first", "count"), [("before", 7, 1), ("older", 3, 2), ("older", 4, 1), ("new", 1, 1)]
)
def test_holes_other_epochs_and_offsets_that_are_taken_are_conflicts(epoch: str, first: int, count: int) -> None:
    with pytest.raises(ConflictError, match="can't be restored"):
        held_already(room_at(5, before=5, older=3), epoch, first, count)


def test_what_no_hub_acknowledged_is_no_position() -> None:
    check_position("k3x9", 1, 10)
    with pytest.raises(ProtocolError):
        check_position("0", 1, 10)
    with pytest.raises(ProtocolError):
        check_position("k3x9", 2**53 - 5, 10)


# A room that goes on from the epoch of a hub that was killed


def stage_after_a_kill(top: int) -> Stage:
    stage = Stage()
    stage.push_numbers(1, top)
    stage.hub.room("train").note_continued("before", top)
    return stage


def test_a_cursor_of_an_epoch_that_goes_on_reads_on_without_a_gap() -> None:
    stage = stage_after_a_kill(5)
    viewer = stage.viewer(since="train:before-3")
    (subscribed, *records) = viewer.take()
    assert subscribed == Subscribed("train", stage.epoch, 3, recovered=True)
    assert numbers(records) == [4, 5]


def test_a_reader_of_records_that_the_hub_lost_waits_for_who_may_give_them_back() -> None:
    stage = stage_after_a_kill(5)
    viewer = stage.viewer(since="train:before-6")
    viewer.take()
    assert [each.state for each in viewer.session.statistics().subscriptions] == ["waiting"]
    stage.hub.restore("train", "before", 6, Batch.from_records([{"n": 6}, {"n": 7}], [0, 0]), 0, 0.0)
    (subscribed, *records) = viewer.take()
    assert subscribed == Subscribed("train", stage.epoch, 6, recovered=True)
    assert numbers(records) == [7]


def test_a_reader_hears_what_is_missing_where_nobody_gives_it_back() -> None:
    stage = stage_after_a_kill(5)
    viewer = stage.viewer(since="train:before-8")
    assert gaps_of(viewer.take()) == []
    stage.clock.advance(limits.TAKEOVER_WAIT_S)
    messages = viewer.take()
    assert gaps_of(messages) == [Gap("train", "beyond_top", 6, 8)]
    assert snapshots_of(messages) == [[{"n": n} for n in range(1, 6)]]


def test_another_record_at_the_offset_of_a_lost_one_is_not_taken_for_it() -> None:
    stage = stage_after_a_kill(5)
    viewer = stage.viewer(since="train:before-6")
    late = stage.viewer(since="train:before-5")
    viewer.take()
    stage.push_numbers(6, 7)
    assert gaps_of(viewer.take()) == [Gap("train", "beyond_top", 6, 6)]
    assert numbers(late.take()) == [6, 7]
    assert gaps_of(stage.viewer(since="train:before-6").take()) == [Gap("train", "beyond_top", 6, 6)]


@pytest.mark.parametrize(("end", "reason"), [("clear", "cleared"), ("delete", "deleted")])
def test_readers_of_an_epoch_that_went_on_hear_how_that_which_it_became_ended(end: str, reason: str) -> None:
    stage = stage_after_a_kill(5)
    getattr(stage.hub, end)("train")
    assert [gap.reason for gap in gaps_of(stage.viewer(since="train:before-3").take())] == [reason]
