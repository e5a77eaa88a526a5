from __future__ import annotations

import pytest

from livedash.brokers.contract import BrokerLostError
from livedash.brokers.kafka_frames import (
    BARRIER,
    OVER,
    batches_of,
    entries_of,
    fit_together,
    is_part,
    last_mark_of,
    message_of,
    messages_of,
    parts_of,
    reference_of,
    reference_to,
    run_message,
    run_of,
)
from livedash.brokers.marks import MOST_ENTRIES, mark_of

MAX_BYTES = 200
SIZES = [[0], [1, 2, 3], [130, 130], [1000, 5, 99, 198, 1], [3] * 5000, []]


def entries_with(sizes: list[int]) -> list[bytes]:
    return [bytes([number % 256]) * size for number, size in enumerate(sizes)]


@pytest.mark.parametrize("sizes", SIZES)
def test_entries_come_back_from_their_messages(sizes: list[int]) -> None:
    entries = entries_with(sizes)
    messages = messages_of(entries, MAX_BYTES)
    assert [entry for message in messages for entry in entries_of(message)] == entries
    assert all(len(entries_of(message)) <= MOST_ENTRIES for message in messages)
    assert all(fit_together([message], MAX_BYTES) or len(entries_of(message)) == 1 for message in messages)


@pytest.mark.parametrize("sizes", SIZES[:-1])
def test_a_message_comes_back_from_parts_that_are_small_enough(sizes: list[int]) -> None:
    for message in messages_of(entries_with(sizes), MAX_BYTES):
        parts = parts_of(message, MAX_BYTES)
        assert all(is_part(part) and fit_together([part], MAX_BYTES) for part in parts)
        reference = reference_of(reference_to(message, range(7, 7 + len(parts))))
        assert reference is not None
        assert (reference.count, reference.offsets) == (len(entries_of(message)), list(range(7, 7 + len(parts))))
        assert message_of(reference, parts) == message


def test_parts_of_something_else_make_no_message() -> None:
    (message,), (other,) = messages_of([b"1"]), messages_of([b"2"])
    reference = reference_of(reference_to(message, [0]))
    assert reference is not None
    for parts in (parts_of(other), [], [message]):
        with pytest.raises(BrokerLostError, match="not there any more"):
            message_of(reference, parts)


def test_batches_hold_all_messages_in_order_and_are_small_enough() -> None:
    messages = [b"x" * size for size in (1, 50, 100, 130, 0, 0, 0)]
    batches = list(batches_of(messages, MAX_BYTES))
    assert [message for batch in batches for message in batch] == messages
    assert all(fit_together(batch, MAX_BYTES) for batch in batches)
    assert len(batches) < len(messages)


def test_the_last_mark_is_the_last_entrys() -> None:
    (message,) = messages_of([b"1", b"2"])
    reference = reference_to(message, [3])
    assert last_mark_of(4, message) == mark_of(5, message, 1)
    assert last_mark_of(4, reference) == mark_of(5, reference, 1)


@pytest.mark.parametrize("message", [BARRIER, OVER, run_message("run"), *parts_of(b"part")])
def test_what_is_no_entry_has_no_mark(message: bytes) -> None:
    assert last_mark_of(4, message) is None


def test_a_run_is_told_by_its_name() -> None:
    assert run_of(run_message("abc")) == "abc"
    assert run_of(BARRIER) is None


@pytest.mark.parametrize("message", [b"", b"hello", b"w\xff", b"r\xff"])
def test_what_no_livedash_wrote_is_refused(message: bytes) -> None:
    with pytest.raises(BrokerLostError, match="not livedash's"):
        last_mark_of(0, message)
