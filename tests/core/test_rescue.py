"""What a hub gives back of a lost log, and what another one takes of it."""

from __future__ import annotations

from livedash.core.hub import Hub
from livedash.core.missing import missing_in
from livedash.core.origin import Origin
from livedash.core.rescue import Author, Rescued, rescue
from livedash.wire.batch import Batch
from livedash.wire.position import Position


def batch(*numbers: int) -> Batch:
    return Batch.from_records([{"n": number} for number in numbers], [0] * len(numbers))


def hub(*batches: Batch, epoch: str = "before") -> Hub:
    """Each batch by the publisher `p`, numbered from 1."""
    made = Hub(lambda: epoch)
    for seq, each in enumerate(batches, 1):
        made.publish("train", each, 0, 0.0, Origin("p", seq, new_epoch=epoch))
    return made


def goes_on(made: Hub, upto: int) -> Hub:
    """The hub's room goes on from the epoch `before`."""
    made.room("train").note_continued("before", upto)
    return made


def numbers(made: Hub) -> list[int]:
    return [record["n"] for part in made.room("train").history.batches() for record in part.records()]


def give_back(there: Hub, here: Hub, authors: tuple[Author, ...] = (), made: tuple[Author, ...] = ()) -> list[Author]:
    told = {"train": [("before", author) for author in authors]}
    return [
        author
        for what in missing_in(there, here, told)
        for author in rescue(there, what, 0, lambda each: each in made, 0, 0.0, "again")
    ]


def test_what_is_beyond_comes_at_its_own_offsets_and_readers_of_the_old_epoch_find_it_there() -> None:
    there, here = goes_on(hub(batch(1, 2), epoch="after"), 2), hub(batch(1, 2), batch(3), batch(4))
    give_back(there, here)
    room = there.room("train")
    assert (numbers(there), room.position) == ([1, 2, 3, 4], Position("after", 4))
    assert room.place_of(Position("before", 4)) == Position("after", 4)
    assert room.publishers.answer("p", 3) == Position("after", 4)


def test_where_others_have_the_offsets_it_comes_last_and_no_reader_takes_one_for_the_other() -> None:
    there, here = goes_on(hub(batch(1, 2), batch(9), epoch="after"), 2), hub(batch(1, 2), batch(3), batch(4))
    there.room("train").publishers.remember("other", 1, Position("after", 3))
    give_back(there, here, authors=(Author(3, "a", 2), Author(4, "a", 3)))
    room = there.room("train")
    assert room.place_of(Position("before", 3)) == Position("before", 3)
    assert room.why_unreadable(Position("before", 3)) == "beyond_top"
    assert sorted(numbers(there)) == [1, 2, 4, 9]  # the second batch of `p` is known there: it is not added again


def test_an_entry_that_is_made_already_is_not_made_again() -> None:
    there, here = goes_on(hub(batch(1, 2), epoch="after"), 2), hub(batch(1, 2))
    here.publish("train", batch(3), 0, 0.0)
    here.publish("train", batch(4), 0, 0.0)
    there.publish("train", batch(3), 0, 0.0)
    mine = (Author(3, "a", 2), Author(4, "a", 3))
    assert give_back(there, here, authors=mine, made=mine[:1]) == [mine[1]]
    assert numbers(there) == [1, 2, 3, 4]


def test_a_room_that_is_not_there_comes_whole() -> None:
    there, here = Hub(lambda: "x"), hub(batch(1, 2), batch(3))
    here.configure("train", {"history_records": 2}, 0, 0.0)
    give_back(there, here)
    room = there.room("train")
    assert (numbers(there), room.position, room.settings.history_records) == ([2, 3], Position("again", 3), 2)
    assert room.place_of(Position("before", 3)) == Position("again", 3)


def test_a_room_that_began_without_it_gets_it_at_the_end() -> None:
    there, here = hub(batch(8), epoch="other"), Hub(lambda: "before")
    here.publish("train", batch(1), 0, 0.0)
    give_back(there, here)
    assert numbers(there) == [8, 1]


def test_what_was_cleared_or_deleted_stays_so() -> None:
    here, cleared, deleted = hub(batch(1)), hub(batch(1)), hub(batch(1))
    cleared.clear("train", "next")
    deleted.delete("train")
    assert list(missing_in(cleared, here, {})) == list(missing_in(deleted, here, {})) == []


def test_nothing_is_missing_where_all_is_there() -> None:
    assert list(missing_in(hub(batch(1, 2)), hub(batch(1, 2)), {})) == []


def test_what_was_given_back_before_is_not_taken_twice() -> None:
    there, here = goes_on(hub(batch(1), batch(9), epoch="after"), 1), Hub(lambda: "before")
    for number in (1, 2, 3):
        here.publish("train", batch(number), 0, 0.0)
    (what,) = missing_in(there, here, {})
    assert isinstance(what, Rescued)
    rescue(there, what, 0, lambda _: False, 0, 0.0, "again")
    rescue(there, what, what.last, lambda _: False, 0, 0.0, "again")
    assert numbers(there) == [1, 9, 2, 3]


def test_what_the_room_had_dropped_since_is_missing_to_readers_and_its_batches_do_not_come_again() -> None:
    there, here = goes_on(hub(batch(1, 2), epoch="after"), 2), hub(batch(1, 2), batch(3), batch(4), batch(5))
    here.configure("train", {"history_records": 2}, 0, 0.0)
    lost = Author(3, "a", 2)
    assert give_back(there, here, authors=(lost,)) == [lost]
    room = there.room("train")
    assert (numbers(there), room.position) == ([4, 5], Position("after", 5))
    assert room.why_unreadable(room.place_of(Position("before", 2))) == "trimmed"
    assert room.place_of(Position("before", 5)) == Position("after", 5)
    again = there.publish("train", batch(3), 0, 0.0, Origin("p", 2))
    assert (again, numbers(there)) == (Position("after", 3), [4, 5])


def test_a_keyed_room_has_the_latest_record_of_each_key_though_history_dropped_it() -> None:
    there, here = Hub(lambda: "after"), Hub(lambda: "before")
    here.configure("train", {"key": "n", "history_records": 1}, 0, 0.0)
    here.publish("train", batch(1, 2, 3), 0, 0.0)
    give_back(there, here)
    room = there.room("train")
    assert [record["n"] for record in room.snapshot(10).records()] == [1, 2, 3]
    assert numbers(there) == [3]


def test_what_was_cleared_or_deleted_while_it_was_on_its_way_stays_so() -> None:
    for is_cleared in (True, False):
        there, here = goes_on(hub(batch(1), epoch="after"), 1), hub(batch(1), batch(2))
        (what,) = missing_in(there, here, {})
        if is_cleared:
            there.clear("train", "cleared")
        else:
            there.delete("train")
        assert rescue(there, what, 0, lambda _: False, 0, 0.0, "again") == []
        assert not there.rooms or numbers(there) == []


def test_what_follows_a_batch_that_is_known_already_does_not_lie_at_its_old_offset() -> None:
    there, here = goes_on(hub(batch(1), epoch="after"), 1), hub(batch(1), batch(2), batch(3))
    there.room("train").publishers.remember("p", 2, Position("older", 7))
    give_back(there, here)
    room = there.room("train")
    assert numbers(there) == [1, 3]
    assert room.why_unreadable(room.place_of(Position("before", 2))) == "beyond_top"
