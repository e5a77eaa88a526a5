from __future__ import annotations

from livedash.core.kept import continued_as, kept_of, room_of
from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.wire.batch import Batch
from livedash.wire.position import Position


def room_of_numbers(count: int, **settings: object) -> Room:
    room = Room("train", "e1", RoomSettings().changed(settings))
    for number in range(1, count + 1):
        room.append(Batch.from_records([{"id": number % 2, "n": number}], [number]), 0)
    return room


def test_a_kept_room_is_the_same_room_again() -> None:
    room = room_of_numbers(5, history_records=3, key="id")
    room.publishers.remember("p1", 7, Position("e1", 5))
    room.publishers.note_dropped("p1", 2)
    room.note_former("e0", "cleared")
    again = room_of(kept_of(room))
    assert (again.position, again.history.first, again.nbytes) == (room.position, 3, room.nbytes)
    assert again.snapshot(10).records() == room.snapshot(10).records()
    assert again.publishers.answer("p1", 7) == Position("e1", 5)
    assert again.publishers.dropped == 2
    assert again.former == {"e0": "cleared"}
    assert kept_of(again) == kept_of(room)


def test_a_room_that_holds_nothing_keeps_its_place() -> None:
    room = room_of_numbers(3, history_age=1)
    room.trim(10_000_000)
    again = room_of(kept_of(room))
    assert (again.position, again.history.records) == (Position("e1", 3), 0)


def test_after_a_kill_a_room_goes_on_under_another_epoch_with_the_same_records() -> None:
    room = room_of_numbers(3)
    room.publishers.remember("p1", 7, Position("e1", 3))
    again = room_of(continued_as(kept_of(room), "e2"))
    assert again.position == Position("e2", 3)
    assert again.continued == {"e1": 3}
    assert again.publishers.answer("p1", 7) == Position("e2", 3)


def test_after_a_second_kill_an_epoch_goes_no_further_than_what_is_left() -> None:
    kept = continued_as(kept_of(room_of_numbers(3)), "e2")
    assert room_of(continued_as(kept, "e3")).continued == {"e1": 3, "e2": 3}
    shorter = continued_as(kept_of(room_of_numbers(2)), "e2")
    longer = room_of(continued_as(kept, "e3"))
    longer.note_continued("e2", 9)  # records that were given back, and lost again
    assert room_of(continued_as(shorter, "e3")).continued["e1"] == 2
    assert room_of(continued_as(kept_of(longer), "e4")).continued == {"e1": 3, "e2": 3, "e3": 3}
