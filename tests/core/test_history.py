from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.core.history import History
from livedash.core.settings import RoomSettings
from livedash.wire.batch import Batch

SECOND = 1_000_000


def numbers(first: int, count: int, time_us: int = 0) -> Batch:
    return Batch.from_records([{"n": n} for n in range(first, first + count)], [time_us] * count)


def history_of(*counts: int) -> History:
    """Records whose `n` is their offset, in batches of the given sizes."""
    history = History()
    for count in counts:
        history.append(numbers(history.top + 1, count))
    return history


def read_all(history: History, after: int, max_bytes: int = 2**30) -> list[int]:
    offsets: list[int] = []
    for stored in history.read(after, max_bytes):
        assert stored.first == after + len(offsets) + 1
        offsets += [record["n"] for record in stored.batch.records()]
        assert stored.last == after + len(offsets)
    return offsets


def test_offsets_begin_at_1_and_have_no_holes() -> None:
    history = history_of(3, 1, 2)
    assert (history.first, history.top, history.records) == (1, 6, 6)
    assert read_all(history, 0) == [1, 2, 3, 4, 5, 6]


def test_an_empty_history_has_its_first_record_still_to_come() -> None:
    assert (History().first, History().top) == (1, 0)
    assert History(top=41).first == 42
    assert History().read(0, 100) == []
    assert History().last(10, 100) is None


@given(st.lists(st.integers(1, 5), min_size=1, max_size=10), st.data())
def test_reading_after_any_offset_gives_all_that_follows(counts: list[int], data: st.DataObject) -> None:
    history = history_of(*counts)
    after = data.draw(st.integers(0, history.top))
    assert read_all(history, after) == list(range(after + 1, history.top + 1))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=10), st.integers(1, 3000))
def test_reading_in_steps_of_any_size_gives_each_record_once(counts: list[int], max_bytes: int) -> None:
    history = history_of(*counts)
    read: list[int] = []
    while len(read) < history.top:
        step = read_all(history, len(read), max_bytes)
        assert step, "a step has one batch at least"
        read += step
    assert read == list(range(1, history.top + 1))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=10), st.integers(1, 60))
def test_the_last_records_are_one_batch_in_order(counts: list[int], count: int) -> None:
    history = history_of(*counts)
    last = history.last(count, 2**30)
    assert last is not None
    offsets = [record["n"] for record in last.records()]
    assert offsets == list(range(max(1, history.top - count + 1), history.top + 1))


def test_the_last_records_are_fewer_where_they_would_be_too_large() -> None:
    history = history_of(*[1] * 100)
    last = history.last(100, max_bytes=10 * numbers(1, 1).nbytes)
    assert last is not None
    assert [record["n"] for record in last.records()] == list(range(91, 101))


def test_the_last_records_are_fewer_where_each_has_fields_of_its_own() -> None:
    history = History()
    for number in range(5000):
        history.append(Batch.from_records([{f"user-{number}": 1}], [0]))
    last = history.last(5000, 2**30)
    assert last is not None
    assert last.records()[-1] == {"user-4999": 1}
    assert sum(len(column.absent) for column in last.columns.values()) <= limits.ABSENT_ROWS


@given(st.lists(st.integers(1, 7), min_size=1, max_size=30), st.integers(1, 20))
def test_a_bound_of_records_is_kept_exactly(counts: list[int], bound: int) -> None:
    history = History()
    for count in counts:
        history.append(numbers(history.top + 1, count))
        history.trim(RoomSettings(history_records=bound, history_bytes=2**40), now_us=0)
        assert history.records == min(bound, history.top)
        assert read_all(history, history.first - 1) == list(range(history.first, history.top + 1))
    assert history.trimmed == history.top - history.records


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 20_000))
def test_a_bound_of_bytes_is_kept_but_for_the_newest_batch(counts: list[int], bound: int) -> None:
    history = History()
    for count in counts:
        history.append(numbers(history.top + 1, count))
        history.trim(RoomSettings(history_bytes=bound), now_us=0)
        assert history.nbytes <= bound or history.records == count
        assert read_all(history, history.first - 1) == list(range(history.first, history.top + 1))


def test_what_is_too_old_goes_and_the_newest_with_it() -> None:
    history = History()
    history.append(numbers(1, 2, time_us=10 * SECOND))
    history.append(numbers(3, 2, time_us=20 * SECOND))
    settings = RoomSettings(history_age=5.0)
    history.trim(settings, now_us=16 * SECOND)
    assert (history.first, history.top) == (3, 4)
    history.trim(settings, now_us=26 * SECOND)
    assert (history.first, history.top, history.records, history.nbytes) == (5, 4, 0, 0)
    assert history.read(4, 100) == []
    assert history.last(10, 100) is None


def test_dropped_batches_free_their_memory_at_once() -> None:
    history = history_of(*[1] * 10)
    held = history._items[0].batch
    assert history.drop_oldest() == held.nbytes
    assert all(stored.batch is not held for stored in history._items)
    assert history.statistics().batches == 9


def test_dropping_all_leaves_an_empty_history_that_goes_on() -> None:
    history = history_of(2, 2)
    while history.drop_oldest():
        pass
    assert (history.first, history.top, history.nbytes) == (5, 4, 0)
    history.append(numbers(5, 1))
    assert read_all(history, 4) == [5]


def test_places_of_dropped_batches_do_not_pile_up() -> None:
    history = History()
    for _ in range(5000):
        history.append(numbers(history.top + 1, 1))
        history.trim(RoomSettings(history_records=10, history_bytes=2**40), now_us=0)
    assert len(history._items) < 200
    assert read_all(history, history.top - 10) == list(range(4991, 5001))


def test_a_large_batch_is_held_in_pieces_that_a_small_viewer_can_take() -> None:
    history = History()
    history.append(numbers(1, 1_000_000))
    pieces = history.read(0, 2**40)
    assert len(pieces) > 4
    assert max(piece.batch.nbytes for piece in pieces) < 2 * limits.MESSAGE_BYTES
    assert (pieces[0].first, pieces[-1].last, history.top) == (1, 1_000_000, 1_000_000)
    assert len(history.read(0, limits.MESSAGE_BYTES)) <= 2


def test_a_record_that_is_large_by_itself_is_one_piece() -> None:
    history = History()
    history.append(Batch.from_records([{"text": "x" * 3 * limits.MESSAGE_BYTES}], [0]))
    assert [stored.batch.count for stored in history.read(0, 1)] == [1]


def test_encoded_bytes_go_when_nobody_has_read_their_batch_for_a_while() -> None:
    history = history_of(1, 1)
    first, second = (stored.batch for stored in history.read(0, 2**30))
    first.cache["json"] = second.cache["json"] = b"bytes"
    history.forget_encoded()
    assert first.cache
    history.read(1, 100)
    history.forget_encoded()
    assert not first.cache
    assert second.cache
    history.forget_encoded()
    assert not second.cache


def test_the_bytes_behind_a_reader_are_about_its_share() -> None:
    history = history_of(*[1] * 10)
    assert history.bytes_after(0) == history.nbytes
    assert history.bytes_after(5) == history.nbytes // 2
    assert history.bytes_after(10) == 0
    assert History().bytes_after(0) == 0
