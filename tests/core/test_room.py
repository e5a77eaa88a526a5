from __future__ import annotations

from typing import Any

import pytest

from livedash import limits
from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.errors import ConflictError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.position import Position

SECOND = 1_000_000


def batch_of(*records: dict[str, Any], time_us: int = 0) -> Batch:
    return Batch.from_records(records, [time_us] * len(records))


def room_of(*records: dict[str, Any], **settings: Any) -> Room:
    room = Room("train", "e1", RoomSettings().changed(settings))
    if records:
        room.append(batch_of(*records), 0)
    return room


def test_a_reader_goes_on_from_any_place_that_history_holds() -> None:
    room = room_of(*({"n": n} for n in range(10)), history_records=4)
    assert room.position == Position("e1", 10)
    assert room.why_unreadable(Position("e1", 10)) is None
    assert room.why_unreadable(Position("e1", 6)) is None
    assert room.why_unreadable(Position("e1", 5)) == "trimmed"
    assert room.why_unreadable(Position("e1", 11)) == "beyond_top"
    assert room.why_unreadable(Position("other", 3)) == "epoch"


def test_readers_of_an_epoch_that_ended_here_are_told_why_and_what_was_told_first_stays() -> None:
    room = room_of({"a": 1})
    room.begin_epoch("e2", "cleared")
    room.note_former("e0", "restarted")
    room.note_former("e1", "restarted")
    assert room.why_unreadable(Position("e1", 1)) == "cleared"
    assert room.why_unreadable(Position("e0", 1)) == "restarted"
    assert room.position == Position("e2", 0)


def test_former_epochs_are_bounded_and_the_oldest_are_forgotten() -> None:
    room = room_of()
    for number in range(limits.FORMER_EPOCHS + 5):
        room.begin_epoch(f"x{number}", "cleared")
    assert len(room.former) == limits.FORMER_EPOCHS
    assert room.why_unreadable(Position("e1", 1)) == "epoch"


def test_a_snapshot_is_the_last_records_and_shared_until_something_comes() -> None:
    room = room_of(*({"n": n} for n in range(10)))
    assert [record["n"] for record in room.snapshot(3).records()] == [7, 8, 9]
    assert room.snapshot(3) is room.snapshot(3)
    room.append(batch_of({"n": 10}), 0)
    assert [record["n"] for record in room.snapshot(3).records()] == [8, 9, 10]
    assert room_of().snapshot(10).count == 0


def test_a_snapshot_of_a_keyed_room_is_its_state_whatever_history_holds() -> None:
    room = room_of(*({"id": n % 5, "n": n} for n in range(100)), key="id", history_records=1)
    assert sorted(record["n"] for record in room.snapshot(1).records()) == [95, 96, 97, 98, 99]


def test_a_snapshot_holds_nothing_that_has_become_too_old() -> None:
    room = room_of(history_age=10.0)
    room.append(batch_of({"n": 1}, time_us=0), 0)
    room.append(batch_of({"n": 2}, time_us=8 * SECOND), 8 * SECOND)
    assert room.snapshot(10).count == 2
    room.trim(12 * SECOND)
    assert room.snapshot(10).records() == [{"n": 2}]


def test_snapshots_of_many_windows_are_not_all_kept() -> None:
    room = room_of(*({"n": n} for n in range(100)))
    for window in range(1, 100):
        room.snapshot(window)
    assert len(room._snapshots) < 10


def test_bytes_that_were_encoded_for_a_snapshot_do_not_stay() -> None:
    room = room_of({"n": 1}, {"n": 2})
    room.snapshot(1).cache["json"] = b"bytes"
    room.trim(0)
    assert not room.snapshot(1).cache


def test_the_key_is_set_before_the_first_record_and_stays() -> None:
    room = room_of()
    room.configure(RoomSettings(key="id"), 0)
    room.append(batch_of({"id": 1}), 0)
    with pytest.raises(ConflictError, match="its key stays 'id'; clear the room first"):
        room.configure(RoomSettings(key="other"), 0)
    room.begin_epoch("e2", "cleared")
    room.configure(RoomSettings(key="other"), 0)


def test_a_bound_that_is_lowered_trims_at_once() -> None:
    room = room_of(*({"n": n} for n in range(10)))
    room.configure(RoomSettings(history_records=2), 0)
    assert room.history.first == 9


def test_a_batch_that_a_keyed_room_refuses_changes_nothing() -> None:
    room = room_of({"id": 1}, key="id")
    with pytest.raises(ValueRefusedError, match="keyed by 'id'"):
        room.append(batch_of({"id": 2}, {"n": 3}), 0)
    assert room.position.offset == 1
    assert room.snapshot(10).records() == [{"id": 1}]


def test_clearing_keeps_the_publishers_answers_so_that_nothing_comes_back() -> None:
    room = room_of({"a": 1})
    room.publishers.remember("p1", 1, Position("e1", 1))
    room.begin_epoch("e2", "cleared")
    assert room.publishers.answer("p1", 1) == Position("e1", 1)
