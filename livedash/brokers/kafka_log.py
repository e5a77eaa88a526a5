"""A generation's log in a Kafka topic."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

from livedash import limits
from livedash.brokers import kafka_frames as frames
from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, Found, Mark, StaleError
from livedash.brokers.kafka_connection import KafkaCluster, Line, OutOfRangeError
from livedash.brokers.marks import holds, mark_of, number_of

_PARTS_BYTES = 4 * limits.BROKER_APPEND_BYTES  # that are kept until they are named; others are read again


class TornLogError(StaleError):
    """Something is missing in the middle of it, which no trim took: the server lost it."""

    def __init__(self, generation: str, reason: str) -> None:
        super().__init__(reason)
        self.generation = generation


class KafkaLog:
    """All methods raise NoTopicError."""

    def __init__(self, cluster: KafkaCluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic

    async def append(self, entries: Sequence[bytes]) -> None:
        messages = frames.messages_of(entries)
        if not frames.fit_together(messages):
            begin_s = asyncio.get_running_loop().time()
            messages = [await self._in_parts(message) for message in messages]
            if asyncio.get_running_loop().time() > begin_s + limits.BROKER_LOG_S / 2:
                raise BrokerLostError("the parts of an entry took too long")  # they may be trimmed by now
        if messages:
            await self._store("append", messages)

    async def end(self) -> Mark:
        offset = await self._barrier()
        while offset > 0:
            offset -= 1
            try:
                records = await self._cluster.there(self._topic, offset, 1)
            except OutOfRangeError:
                break
            for record in reversed([record for record in records if record.offset == offset]):
                if (mark := frames.last_mark_of(record.offset, record.value or b"")) is not None:
                    return mark
        return BEFORE_ALL

    async def find(self, mark: Mark) -> Found:
        offset = number_of(mark) - 1
        barrier = await self._barrier()
        if offset >= barrier:
            return "lost"
        try:
            records = await self._cluster.there(self._topic, max(offset, 0), 1)
        except OutOfRangeError:
            return "trimmed"
        if records[0].offset > max(offset, 0):
            return "lost"  # a trim would have moved the topic's begin
        return "there" if mark == BEFORE_ALL or holds(mark, records[0].value or b"") else "lost"

    async def close_for_ever(self) -> None:
        """What follows counts no more: who waits for it hears of that."""
        await self._store("other", [frames.OVER])

    async def tell(self, run: str) -> None:
        """All who read the log."""
        await self._store("other", [frames.run_message(run)])

    async def shorten(self, upto: Mark) -> None:
        await self._cluster.shorten(self._topic, number_of(upto) - 1)

    async def _in_parts(self, message: bytes) -> bytes:
        offsets = [await self._store("append", [part]) for part in frames.parts_of(message)]
        return frames.reference_to(message, offsets)

    async def _barrier(self) -> int:
        return await self._store("other", [frames.BARRIER])

    async def _store(self, line: Line, messages: Sequence[bytes]) -> int:
        return await self._cluster.store(line, self._topic, [(None, message) for message in messages])


class LogReader:
    """From an entry on, one read after the other. `mark`: up to where it has told."""

    def __init__(
        self, cluster: KafkaCluster, topic: str, generation: str, mark: Mark, knows_run: Callable[[str], bool]
    ) -> None:
        """Others may follow the entry in its message, so that is read again."""
        self._knows_run = knows_run
        self.generation = generation
        self.mark = mark
        self.looked_s = asyncio.get_running_loop().time()
        self._cluster = cluster
        self._topic = topic
        self._next = max(0, number_of(mark) - 1)
        self._parts: OrderedDict[int, bytes] = OrderedDict()
        self._parts_bytes = 0

    async def read(self, wait_s: float) -> list[tuple[Mark, bytes]]:
        """What there is; waits so long for the first message. Raises StaleError where it can't be read on, or NoTopicError."""
        try:
            records = await self._cluster.fetch("read", self._topic, self._next, min(wait_s, self._cluster.tail_s))
        except OutOfRangeError as error:
            raise StaleError("the log does not go back so far any more") from error
        found: list[tuple[Mark, bytes]] = []
        for record in records:
            if record.offset != self._next:
                raise TornLogError(self.generation, f"the log holds nothing between {self._next} and {record.offset}")
            found += await self._take(record.offset, record.value or b"")
            self._next = record.offset + 1
        return [entry for entry in found if entry[0] > self.mark]

    async def _take(self, offset: int, message: bytes) -> list[tuple[Mark, bytes]]:
        if message == frames.OVER:
            raise StaleError("another generation has begun")
        if (run := frames.run_of(message)) is not None and not self._knows_run(run):
            raise BrokerLostError("another hub has found that the server may have been started again")
        if offset + 1 == number_of(self.mark) and not holds(self.mark, message):
            raise StaleError("the log is another one than it was")
        if frames.is_part(message):
            self._keep(offset, message)
            return []
        reference = frames.reference_of(message)
        whole = message if reference is None else await self._whole(reference)
        return [(mark_of(offset + 1, message, index), entry) for index, entry in enumerate(frames.entries_of(whole))]

    def _keep(self, offset: int, part: bytes) -> None:
        self._parts[offset] = part
        self._parts_bytes += len(part)
        while self._parts_bytes > _PARTS_BYTES:
            self._parts_bytes -= len(self._parts.popitem(last=False)[1])

    async def _whole(self, reference: frames.Reference) -> bytes:
        return frames.message_of(reference, [await self._part(offset) for offset in reference.offsets])

    async def _part(self, offset: int) -> bytes:
        if (part := self._parts.pop(offset, None)) is not None:
            self._parts_bytes -= len(part)
            return part
        (record, *_) = await self._cluster.there(self._topic, offset, 1)
        return record.value or b""
