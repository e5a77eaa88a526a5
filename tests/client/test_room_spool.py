from __future__ import annotations

import pytest

from livedash import limits
from livedash.client.room_spool import RoomSpool, RoomSpoolStatistics
from livedash.wire.messages import Held
from tests.client.hub_on_the_line import numbered


@pytest.fixture
def room() -> RoomSpool:
    return RoomSpool("train", limits.PUBLISH_BATCH_BYTES)


def send(room: RoomSpool, seq: int, *numbers: int) -> None:
    room.unsent.append(numbered(*numbers))
    assert room.next_to_send(seq).seq == seq


def test_batch_keeps_its_number_and_content_from_its_first_sending_on(room: RoomSpool) -> None:
    send(room, 1, 1, 2)
    room.unsent.append(numbered(3))
    room.end_connection()
    assert room.has_more()
    again = room.next_to_send(9)
    assert (again.seq, again.batch.records()) == (1, [{"n": 1}, {"n": 2}])
    assert room.next_to_send(9).seq == 9


def test_answer_counts_only_for_what_was_sent_on_this_connection(room: RoomSpool) -> None:
    send(room, 1, 1)
    room.end_connection()
    room.acknowledge(1, "e1", 1)  # late, of the former connection
    assert (room.in_flight, room.waiting) == (0, 1)
    room.next_to_send(2)
    room.acknowledge(1, "e1", 1)
    assert (room.in_flight, room.waiting) == (0, 0)


def test_answer_to_what_nobody_sent_changes_nothing(room: RoomSpool) -> None:
    send(room, 1, 1)
    before = room.statistics()
    room.acknowledge(7, "e1", 5)
    room.refuse(8, "bad_value: no")
    assert room.statistics() == before


def test_acknowledged_records_are_kept_while_their_offsets_have_no_hole(room: RoomSpool) -> None:
    send(room, 1, 1, 2)
    room.acknowledge(1, "e1", 2)
    send(room, 2, 3)
    room.acknowledge(2, "e1", 3)
    assert room.held() == Held("e1", 1, 3)
    assert [(first, batch.count) for first, batch in room.held_batches()] == [(1, 3)]
    send(room, 3, 4)
    room.acknowledge(3, "e1", 9)  # somebody else wrote 4 to 8
    assert room.held() is None
    send(room, 4, 5)
    room.acknowledge(4, "e1", 10)
    assert room.held() is None  # and it stays so


def test_publisher_that_begins_in_the_middle_of_an_epoch_keeps_nothing(room: RoomSpool) -> None:
    send(room, 1, 1)
    room.acknowledge(1, "e1", 41)
    assert (room.held(), room.nbytes) == (None, 0)


def test_new_epoch_that_it_begins_is_its_own_again(room: RoomSpool) -> None:
    send(room, 1, 1)
    room.acknowledge(1, "e1", 41)
    send(room, 2, 2, 3)
    room.acknowledge(2, "e2", 2)
    assert room.held() == Held("e2", 1, 2)


def test_lost_place_is_found_again_with_the_first_records_of_an_epoch_only(room: RoomSpool) -> None:
    send(room, 1, 1)
    room.acknowledge(1, "e1", 1)
    room.lose_place()
    assert (room.held(), room.nbytes) == (None, 0)
    send(room, 2, 2)
    room.acknowledge(2, "e1", 2)
    assert room.held() is None
    send(room, 3, 3)
    room.acknowledge(3, "e2", 1)
    assert room.held() == Held("e2", 1, 1)


def test_oldest_kept_records_go_and_what_is_left_tells_its_first_offset(room: RoomSpool) -> None:
    room = RoomSpool("train", join_bytes=1)  # nothing is joined
    for seq in (1, 2, 3):
        send(room, seq, seq)
        room.acknowledge(seq, "e1", seq)
    room.kept.popleft()
    assert room.held() == Held("e1", 2, 3)
    assert [first for first, _ in room.held_batches()] == [2, 3]


def test_each_record_is_counted_in_one_place(room: RoomSpool) -> None:
    send(room, 1, 1, 2)
    room.acknowledge(1, "e1", 2)
    send(room, 2, 3, 4, 5)
    room.refuse(2, "bad_value: no")
    send(room, 3, 6)
    room.unsent.append(numbered(7))
    room.lost += 4
    room.note_refused(1, "bad_value: complex")
    assert room.statistics() == RoomSpoolStatistics(
        "train", pushed=12, acknowledged=2, waiting=2, lost=4, refused=4, reason="bad_value: complex"
    )
    assert room.statistics().with_queued(3) == RoomSpoolStatistics("train", 15, 2, 5, 4, 4, "bad_value: complex")


def test_bytes_are_those_of_all_that_it_holds(room: RoomSpool) -> None:
    one = numbered(1).nbytes
    send(room, 1, 1)
    room.acknowledge(1, "e1", 1)
    send(room, 2, 2)
    room.unsent.append(numbered(3))
    assert (room.nbytes, room.waiting_bytes) == (3 * one, 2 * one)
