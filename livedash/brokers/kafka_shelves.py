"""A generation's shelves in a Kafka topic: where each field lies there is known, so that one shelf is read without the others."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping

from livedash.brokers.contract import BrokerLostError, Shelf
from livedash.brokers.kafka_connection import KafkaCluster
from livedash.brokers.kafka_fields import (
    BARRIER,
    Contents,
    Fields,
    Message,
    batches_of,
    messages_of,
    tombstones,
    value_of,
)
from livedash.brokers.kafka_frames import BATCH_BYTES


class KafkaShelves:
    """All methods raise NoTopicError. `is_new`: nobody has put anything there yet."""

    def __init__(self, cluster: KafkaCluster, topic: str, *, is_new: bool) -> None:
        self._cluster = cluster
        self._topic = topic
        self._fields = Fields()
        self._next = 0  # what lies before it is known
        self._is_known = is_new
        self._lock = asyncio.Lock()

    async def load(self) -> dict[str, Shelf]:
        contents, fields = Contents(), Fields()
        async with self._lock:
            last = await self._cluster.store("other", self._topic, [BARRIER])

            def take(offset: int, message: Message) -> None:
                contents.take(message)
                fields.take(offset, message)

            await self._read(0, last, take)
            self._fields, self._next, self._is_known = fields, last + 1, True
        return contents.shelves()

    async def get(self, shelf: str) -> Shelf:
        async with self._lock:
            await self._know()
            offsets = {field: self._fields.offsets(head) for field, head in self._fields.of(shelf).items()}
        found = await self._values({offset for some in offsets.values() for offset in some})
        return {field: value_of([found[offset] for offset in some]) for field, some in offsets.items()}

    async def fields(self, shelf: str) -> list[str]:
        async with self._lock:
            await self._know()
            return list(self._fields.of(shelf))

    async def put(self, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        async with self._lock:
            if not self._is_known:
                await self._know()
            parts, heads = messages_of(shelf, changes, secrets.token_hex(8))
            former = [head for field, head in self._fields.of(shelf).items() if field in changes and head.put]
            gone = [message for head in former for message in tombstones(head)]
            for messages in (parts, heads, gone):
                for batch in batches_of(messages):
                    await self._store(batch)

    async def _know(self) -> None:
        """Where all lies that was put until now."""
        await self._store([BARRIER])
        self._is_known = True

    async def _store(self, messages: list[Message]) -> None:
        offset = await self._cluster.store("other", self._topic, messages)
        if offset == self._next:
            for number, message in enumerate(messages, offset):
                self._fields.take(number, message)
        else:  # another hub has put things meanwhile
            await self._read(self._next, offset + len(messages) - 1, self._fields.take)
        self._next = offset + len(messages)

    async def _read(self, offset: int, last: int, take: Callable[[int, Message], None]) -> None:
        async for record in self._cluster.upto(self._topic, offset, last):
            take(record.offset, (record.key, record.value))

    async def _values(self, offsets: Collection[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for offset in sorted(offsets):
            if offset not in found:
                records = await self._cluster.there(self._topic, offset, BATCH_BYTES)
                found |= {record.offset: record.value or b"" for record in records if record.offset in offsets}
            if offset not in found:
                raise BrokerLostError("another hub has put something else there meanwhile")
        return found
