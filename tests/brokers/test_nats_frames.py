from __future__ import annotations

import pytest

from livedash.brokers.contract import BEFORE_ALL, BrokerLostError
from livedash.brokers.nats_frames import EntryReader, last_mark_of, messages_of

MAX_BYTES = 100


@pytest.mark.parametrize(
    "sizes", [[0], [1, 2, 3], [84] * 3, [95], [96], [94, 1, 95, 2, 96, 3], [1000, 5, 99, 198, 1], [3] * 5000]
)
def test_entries_come_back_from_messages_that_are_small_enough(sizes: list[int]) -> None:
    entries = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    messages = messages_of(entries, MAX_BYTES)
    reader = EntryReader()
    read = [found for number, message in enumerate(messages, 1) for found in reader.take(number, message)]
    assert max(map(len, messages)) <= MAX_BYTES
    assert [entry for _, entry in read] == entries
    marks = [mark for mark, _ in read]
    assert marks == sorted(set(marks))
    assert marks[0] > BEFORE_ALL
    assert last_mark_of(len(messages), messages[-1]) == marks[-1]


def test_small_entries_share_a_message() -> None:
    assert len(messages_of([b"1", b"2", b"3"], MAX_BYTES)) == 1


@pytest.mark.parametrize("message", [b"", b"hello", b"w\xff"])
def test_what_no_livedash_wrote_is_refused(message: bytes) -> None:
    with pytest.raises(BrokerLostError, match="not livedash's"):
        EntryReader().take(1, message)
