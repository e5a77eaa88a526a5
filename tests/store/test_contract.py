"""What holds for each store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from livedash.core.journal import Deleted, Described, Whole
from livedash.core.kept import header_of, kept_of
from livedash.core.publishers import Request
from livedash.store.contract import Store
from livedash.wire.messages import Held
from livedash.wire.position import Position
from tests.store.told_hub import ToldHub, looks

Opener = Callable[[], Store]


def written(told: ToldHub, reopen: Opener, *, is_complete: bool = True) -> None:
    """All that the hub told is in the store, whose user then ends."""
    store = reopen()
    store.load()
    store.write(told.take())
    store.close(is_complete=is_complete)


def test_an_empty_store_holds_nothing_and_knows_all(reopen: Opener) -> None:
    store = reopen()
    kept = store.load()
    assert (kept.rooms, dict(kept.deleted), kept.requests, kept.is_clean) == ((), {}, (), True)


def test_rooms_come_back_with_epochs_offsets_records_and_times(told: ToldHub, reopen: Opener) -> None:
    for number in range(5):
        told.push({"n": number, "text": f"é{number}"}, {"n": 0.5, "deep": {"a": [None, True]}}, now_us=number)
    told.push_numbers(1, 3, room="lab.other")
    written(told, reopen)
    kept = reopen().load()
    assert looks(kept.rooms) == told.looks()
    assert kept.is_clean


def test_who_ended_without_closing_is_told_apart(told: ToldHub, reopen: Opener) -> None:
    told.push_numbers(1, 3)
    store = reopen()
    store.load()
    store.write(told.take())
    store.close(is_complete=False)
    assert not reopen().load().is_clean


def test_records_that_were_trimmed_are_gone_also_within_a_batch(told: ToldHub, reopen: Opener) -> None:
    told.push({"n": 1}, {"n": 2}, {"n": 3})
    told.push({"n": 4}, {"n": 5}, {"n": 6})
    told.hub.configure("train", {"history_records": 4}, 0, 0.0)
    written(told, reopen)
    assert looks(reopen().load().rooms) == told.looks()
    assert told.hub.room("train").history.first == 3


def test_what_came_and_went_in_one_write_is_gone(told: ToldHub, reopen: Opener) -> None:
    told.hub.configure("train", {"history_records": 2}, 0, 0.0)
    told.push_numbers(1, 9)
    written(told, reopen)
    assert looks(reopen().load().rooms) == told.looks()


def test_records_too_old_are_gone_though_none_came_after_them(told: ToldHub, reopen: Opener) -> None:
    told.hub.configure("train", {"history_age": 1}, 0, 0.0)
    told.push({"n": 1}, now_us=0)
    told.hub.trim(5_000_000)
    written(told, reopen)
    kept = reopen().load()
    assert looks(kept.rooms) == told.looks()
    assert (kept.rooms[0].first, kept.rooms[0].top) == (2, 1)


def test_settings_and_an_empty_room_come_back(told: ToldHub, reopen: Opener) -> None:
    told.hub.configure("train", {"key": "id", "history_age": 60}, 0, 0.0)
    written(told, reopen)
    assert looks(reopen().load().rooms) == told.looks()


def test_latest_records_outlive_history_and_keep_their_order(told: ToldHub, reopen: Opener) -> None:
    told.hub.configure("train", {"key": "id", "history_records": 2}, 0, 0.0)
    told.push({"id": "a", "v": 1}, {"id": 1, "v": 2}, {"id": True, "v": 3}, {"id": 2.5, "v": 4}, {"id": "b", "v": 5})
    store = reopen()
    store.load()
    store.write(told.take())
    told.push({"id": "a", "v": 6}, {"id": 2.5, "_deleted": True}, {"id": "b", "_deleted": True})
    told.push({"id": "b", "v": 7}, {"id": "c", "v": 8})
    told.push({"id": "c", "_deleted": True})
    told.push({"id": "a", "_deleted": True}, {"id": "a", "v": 9})
    store.write(told.take())
    store.close(is_complete=True)
    assert looks(reopen().load().rooms) == told.looks()


def test_publishers_are_known_again_and_what_they_lost(told: ToldHub, reopen: Opener) -> None:
    told.push({"n": 1}, origin=("p1", 4))
    told.push({"n": 2}, origin=("p2", -1))
    told.push({"n": 3}, origin=("p1", 5))
    told.hub.note_lost("train", "p1", 7)
    written(told, reopen)
    told.begin_again(reopen().load())
    assert told.push({"n": 1}, origin=("p1", 4)) == Position("e1", 1)
    assert told.push({"n": 2}, origin=("p2", -1)) == Position("e1", 2)
    assert told.hub.room("train").publishers.dropped == 7


def test_a_request_is_known_by_its_idempotency_key(told: ToldHub, reopen: Opener) -> None:
    request = Request("ada", "k1", b"digest")
    told.push({"n": 1}, request=request, now_us=3_000_000)
    written(told, reopen)
    (kept,) = reopen().load().requests
    assert (kept.room, kept.request, kept.position, kept.at_s) == ("train", request, Position("e1", 1), 3.0)


def test_a_cleared_room_is_empty_and_remembers_its_former_epochs_and_publishers(told: ToldHub, reopen: Opener) -> None:
    told.push({"n": 1}, origin=("p1", 4))
    told.hub.hello({"train": Held("strange", 1, 2)})
    told.hub.clear("train")
    told.push({"n": 2})
    written(told, reopen)
    told.begin_again(reopen().load())
    room = told.hub.room("train")
    assert (room.position, dict(room.former)) == (Position("e2", 1), {"e1": "cleared", "strange": "restarted"})
    assert told.push({"n": 1}, origin=("p1", 4)) == Position("e1", 1)


def test_a_deleted_room_stays_so_until_one_of_its_name_begins(told: ToldHub, reopen: Opener) -> None:
    told.push_numbers(1, 3)
    told.hub.delete("train")
    written(told, reopen)
    store = reopen()
    told.begin_again(store.load())
    assert told.hub.why_ended("train", "e1") == "deleted"
    told.push_numbers(1, 1)
    store.write(told.take())
    store.close(is_complete=True)
    kept = reopen().load()
    assert dict(kept.deleted) == {}
    assert looks(kept.rooms) == told.looks()


def test_records_that_were_given_back_lie_at_their_offsets(told: ToldHub, reopen: Opener) -> None:
    told.push_numbers(1, 1, room="other")
    batch = kept_of(told.hub.room("other")).batches[0]
    told.hub.restore("train", "k3x9", 41, batch, 0, 0.0)
    written(told, reopen)
    kept = reopen().load()
    assert looks(kept.rooms) == told.looks()
    assert looks(kept.rooms)["train"]["first"] == 41


def test_an_epoch_that_goes_on_from_another_keeps_its_records(told: ToldHub, reopen: Opener) -> None:
    told.push_numbers(1, 3)
    written(told, reopen, is_complete=False)
    store = reopen()
    told.begin_again(store.load())
    store.write([Described(header_of(room)) for room in told.hub.rooms.values()])
    told.push_numbers(4, 5)
    store.write(told.take())
    store.close(is_complete=True)
    kept = reopen().load()
    assert looks(kept.rooms) == told.looks()
    assert looks(kept.rooms)["train"]["continued"] == {"e1": 3}


@pytest.mark.parametrize("upto", [0, 2, 5])
def test_a_whole_room_takes_the_place_of_what_was_there(told: ToldHub, reopen: Opener, upto: int) -> None:
    store = reopen()
    store.load()
    told.hub.configure("train", {"key": "n"}, 0, 0.0)
    for number in range(1, upto + 1):
        told.push({"n": number}, origin=("p1", number))
    store.write(told.take())
    for number in range(upto + 1, 6):
        told.push({"n": number}, origin=("p1", number))
    told.hub.note_lost("train", "p1", 3)
    told.take()  # the store missed these
    store.write([Whole(kept_of(told.hub.room("train")))])
    told.push_numbers(6, 6)
    store.write(told.take())
    store.close(is_complete=True)
    assert looks(reopen().load().rooms) == told.looks()


def test_a_whole_room_that_dropped_all_that_was_there_leaves_no_hole(told: ToldHub, reopen: Opener) -> None:
    store = reopen()
    store.load()
    told.hub.configure("train", {"history_records": 2}, 0, 0.0)
    told.push_numbers(1, 2)
    store.write(told.take())
    told.push_numbers(3, 9)
    told.take()
    store.write([Whole(kept_of(told.hub.room("train")))])
    store.close(is_complete=True)
    assert looks(reopen().load().rooms) == told.looks()


def test_a_whole_room_of_another_epoch_leaves_nothing_of_the_old_one(told: ToldHub, reopen: Opener) -> None:
    store = reopen()
    store.load()
    told.push_numbers(1, 5)
    store.write(told.take())
    told.hub.clear("train")
    told.push_numbers(1, 2)
    told.take()
    store.write([Whole(kept_of(told.hub.room("train"))), Deleted("never.was", None)])
    store.close(is_complete=True)
    assert looks(reopen().load().rooms) == told.looks()


def test_a_number_that_a_publisher_made_up_beyond_all_bounds_does_no_harm(told: ToldHub, reopen: Opener) -> None:
    told.push({"n": 1}, origin=("p1", 10**30))
    told.hub.note_lost("train", "p1", 10**30)
    written(told, reopen)
    assert looks(reopen().load().rooms)["train"]["top"] == 1
