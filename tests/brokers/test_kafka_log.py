from __future__ import annotations

import pytest

from livedash.brokers import kafka_frames as frames
from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, StaleError
from livedash.brokers.kafka_connection import OutOfRangeError
from livedash.brokers.kafka_log import KafkaLog, LogReader, TornLogError
from livedash.brokers.kafka_requests import Record
from livedash.brokers.marks import mark_of


class Topic:
    """Stands in for a cluster with one topic: messages by their offsets."""

    tail_s = 0.0

    def __init__(self, messages: dict[int, bytes]) -> None:
        self.messages = messages

    async def store(self, line: str, topic: str, messages: list[tuple[None, bytes]]) -> int:
        offset = max(self.messages, default=-1) + 1
        self.messages.update({offset + number: message for number, (_, message) in enumerate(messages)})
        return offset

    async def fetch(self, line: str, topic: str, offset: int, wait_s: float, max_bytes: int = 0) -> list[Record]:
        if offset < min(self.messages, default=0):
            raise OutOfRangeError
        return [Record(0, at, 0, b"", value) for at, value in sorted(self.messages.items()) if at >= offset]

    async def there(self, topic: str, offset: int, max_bytes: int = 0) -> list[Record]:
        return await self.fetch("other", topic, offset, 0)


def message(*entries: bytes) -> bytes:
    (found,) = frames.messages_of(entries)
    return found


def reader(topic: Topic, mark: int = BEFORE_ALL, runs: frozenset[str] = frozenset()) -> LogReader:
    return LogReader(topic, "log", "g", mark, runs.__contains__)


async def test_a_large_entry_is_read_from_before_its_parts_and_from_its_reference() -> None:
    topic = Topic({})
    log = KafkaLog(topic, "log")
    large = b"x" * 3 * frames.BATCH_BYTES
    await log.append([b"1", large, b"2"])
    whole = await reader(topic).read(0)
    assert [entry for _, entry in whole] == [b"1", large, b"2"]
    assert await reader(topic, whole[0][0]).read(0) == whole[1:]
    assert await log.end() == whole[-1][0]
    assert [await log.find(mark) for mark, _ in whole] == ["there"] * 3


async def test_barriers_are_passed_over() -> None:
    topic = Topic({0: message(b"1"), 1: frames.BARRIER, 2: message(b"2"), 3: frames.BARRIER})
    assert [entry for _, entry in await reader(topic).read(0)] == [b"1", b"2"]
    assert await KafkaLog(topic, "log").end() == mark_of(3, topic.messages[2], 0)


async def test_a_log_without_an_entry_ends_before_all() -> None:
    assert await KafkaLog(Topic({}), "log").end() == BEFORE_ALL
    assert await KafkaLog(Topic({5: frames.BARRIER}), "log").end() == BEFORE_ALL


async def test_nothing_after_the_end_mark_is_read() -> None:
    topic = Topic({0: message(b"1"), 1: frames.OVER, 2: message(b"2")})
    with pytest.raises(StaleError, match="begun"):
        await reader(topic).read(0)


async def test_a_log_with_a_hole_is_torn() -> None:
    topic = Topic({0: message(b"1"), 2: message(b"2")})
    with pytest.raises(TornLogError, match="nothing between 1 and 2"):
        await reader(topic).read(0)
    assert await KafkaLog(topic, "log").find(mark_of(2, message(b"lost"), 0)) == "lost"


async def test_what_was_trimmed_is_no_hole() -> None:
    topic = Topic({4: message(b"1")})
    with pytest.raises(StaleError, match="so far"):
        await reader(topic).read(0)
    log = KafkaLog(topic, "log")
    found = [await log.find(mark) for mark in (BEFORE_ALL, mark_of(4, b"", 0), mark_of(5, topic.messages[4], 0))]
    assert found == ["trimmed", "trimmed", "there"]


async def test_another_entry_at_the_same_place_is_another_log() -> None:
    topic = Topic({0: message(b"1"), 1: message(b"2")})
    with pytest.raises(StaleError, match="another one"):
        await reader(topic, mark_of(1, message(b"another"), 0)).read(0)


async def test_a_run_that_is_not_known_sends_its_reader_to_look() -> None:
    topic = Topic({0: frames.run_message("new"), 1: message(b"1")})
    with pytest.raises(BrokerLostError, match="started again"):
        await reader(topic).read(0)
    assert [entry for _, entry in await reader(topic, runs=frozenset({"new"})).read(0)] == [b"1"]


async def test_parts_that_nobody_named_are_forgotten() -> None:
    parts = frames.parts_of(b"w" * 40 * frames.BATCH_BYTES)
    topic = Topic({**dict(enumerate(parts)), len(parts): message(b"1")})
    reading = reader(topic)
    assert [entry for _, entry in await reading.read(0)] == [b"1"]
    assert sum(map(len, reading._parts.values())) <= 16 * 1024 * 1024
