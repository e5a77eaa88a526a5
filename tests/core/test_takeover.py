from __future__ import annotations

import pytest

from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.core.takeover import acquaintance, check_position, held_already
from livedash.errors import ConflictError, ProtocolError
from livedash.wire.batch import Batch
from livedash.wire.messages import Held


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
