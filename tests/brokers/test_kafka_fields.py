from __future__ import annotations

import pytest

from livedash.brokers.contract import BrokerLostError
from livedash.brokers.kafka_fields import (
    BARRIER,
    Contents,
    Fields,
    Message,
    batches_of,
    messages_of,
    size_of,
    tombstones,
    value_of,
)
from livedash.brokers.kafka_frames import BATCH_BYTES

Changes = dict[str, bytes | None]


class Topic:
    """With all messages, or `compacted`: the last one of each key."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.fields = Fields()
        self._puts = 0

    def put(self, shelf: str, changes: Changes) -> None:
        self._puts += 1
        former = [head for field, head in self.fields.of(shelf).items() if field in changes]
        parts, heads = messages_of(shelf, changes, f"put{self._puts}")
        for message in [*parts, *heads, *(each for head in former for each in tombstones(head))]:
            self.fields.take(len(self.messages), message)
            self.messages.append(message)

    def load(self, *, compacted: bool) -> dict[str, dict[str, bytes]]:
        contents = Contents()
        last = {key: offset for offset, (key, _) in enumerate(self.messages)}
        for offset, message in enumerate(self.messages):
            if not compacted or last[message[0]] == offset:
                contents.take(message)
        return {shelf: dict(found) for shelf, found in contents.shelves().items()}

    def get(self, shelf: str) -> dict[str, bytes]:
        heads = self.fields.of(shelf)
        return {
            field: value_of([self.messages[offset][1] or b"" for offset in self.fields.offsets(head)])
            for field, head in heads.items()
        }


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("size", [0, 1, BATCH_BYTES - 200, BATCH_BYTES, 3 * BATCH_BYTES])
def test_fields_hold_what_was_put_last(size: int, *, compacted: bool) -> None:
    topic = Topic()
    topic.put("a", {"1": b"x" * size, "2": b"y", "gone": b"z" * size})
    topic.put("b", {"1": b""})
    topic.put("a", {"2": b"w" * size, "gone": None, "never": None})
    expected = {"a": {"1": b"x" * size, "2": b"w" * size}, "b": {"1": b""}}
    assert topic.load(compacted=compacted) == expected
    assert {shelf: topic.get(shelf) for shelf in ("a", "b")} == expected
    topic.put("a", {"1": None, "2": b"small"})
    assert topic.load(compacted=compacted) == {"a": {"2": b"small"}, "b": {"1": b""}}
    topic.put("a", {"2": None})
    assert topic.load(compacted=compacted) == {"b": {"1": b""}}
    assert topic.get("a") == {}


def test_parts_whose_field_has_another_value_go() -> None:
    topic = Topic()
    topic.put("a", {"1": b"x" * 3 * BATCH_BYTES})
    topic.put("a", {"1": b"y"})
    last = dict(topic.messages)
    assert [value for value in last.values() if value is not None] == [b"vy"]


def test_messages_of_a_change_are_small_enough_and_its_heads_lie_in_one_batch() -> None:
    changes: Changes = {f"row:{number}": b"x" * 5000 for number in range(1500)}
    parts, heads = messages_of("a", changes, "put")
    assert all(size_of(batch) <= BATCH_BYTES for batch in batches_of([*parts, *heads]))
    assert [message for batch in batches_of(parts) for message in batch] == parts
    assert size_of(heads) <= BATCH_BYTES
    assert messages_of("a", {"1": b"x", "2": None}, "put")[0] == [], "what fits in a batch is one"


def test_a_part_that_is_gone_is_found_out() -> None:
    topic = Topic()
    topic.put("a", {"1": b"x" * 3 * BATCH_BYTES})
    topic.messages.append((topic.messages[1][0], None))
    topic.fields.take(len(topic.messages), topic.messages[-1])
    with pytest.raises(BrokerLostError, match="is gone"):
        topic.load(compacted=False)
    with pytest.raises(BrokerLostError, match="is gone"):
        topic.get("a")


def test_a_barrier_is_no_field() -> None:
    topic = Topic()
    topic.messages.append(BARRIER)
    topic.fields.take(0, BARRIER)
    assert topic.load(compacted=False) == {}


@pytest.mark.parametrize("message", [(b"hello", b""), (b"\x92\xa1a\xa1b", b"hello")])
def test_what_no_livedash_wrote_is_refused(message: Message) -> None:
    with pytest.raises(BrokerLostError, match="not livedash's"):
        Fields().take(0, message)
