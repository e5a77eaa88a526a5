"""Kafka as a broker: one topic a generation keeps the log, and another one its shelves.

Kafka has no compare-and-set and no data that ends by itself. So where the broker stands, who is there and who has a lease
are topics of their own, which all hubs read and understand alike: who has written something reads up to it, and knows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from livedash import limits
from livedash.brokers import kafka_nodes as nodes
from livedash.brokers import kafka_standing as standings
from livedash.brokers.contract import BrokerLostError, Found, Mark, Shelf, StaleError, Standing
from livedash.brokers.kafka_connection import KafkaCluster, KafkaServers, NoTopicError, OutOfRangeError
from livedash.brokers.kafka_log import KafkaLog, LogReader
from livedash.brokers.kafka_shelves import KafkaShelves
from livedash.brokers.marks import number_of
from livedash.errors import SettingRefusedError

_MS: Final = 1000
_HEARD_S: Final = 0.1  # until all who read a log that is over know it
_HOUR_MS: Final = 3_600_000
_FOR_EVER: Final = {"retention_ms": "-1", "retention_bytes": "-1"}
_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "meta": _FOR_EVER,
    "now": {
        "retention_ms": str(round(limits.BROKER_NOW_S * _MS)),
        "segment_ms": str(round(limits.BROKER_NOW_S * _MS / 2)),
        "message_timestamp_type": "LogAppendTime",
    },
    "log": _FOR_EVER,
    "shelves": {
        "cleanup_policy": "compact",
        "segment_ms": str(round(limits.BROKER_NOW_S * _MS)),
        "segment_bytes": str(64 * limits.MIB),
        "min_cleanable_dirty_ratio": "0.2",
        # what is newer may still be read up to a place before it
        "min_compaction_lag_ms": str(round(limits.BROKER_NOW_S * _MS)),
        "delete_retention_ms": str(_HOUR_MS),
    },
}


class KafkaBroker:
    """Broker."""

    def __init__(self, servers: KafkaServers, prefix: str) -> None:
        if not prefix.isascii():
            raise SettingRefusedError(f"prefix={prefix[:40]!r} names no topic of Kafka's; use letters of ASCII, digits and _")
        self.address = servers.address
        self._servers = servers
        self._prefix = prefix
        self._made: KafkaCluster | None = None
        self._forget_all()

    async def connect(self) -> Standing:
        await self.close()
        async with self._asked():
            self._made = await self._servers.connect()
            for topic in ("meta", "now"):
                await self._make(topic)
            await self._greet()
            return await self._look()

    async def close(self) -> None:
        made, self._made = self._made, None
        self._forget_all()
        if made is not None:
            await made.close()

    # The log

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        async with self._asked():
            if standing != self._stood and standing != await self._look():
                raise StaleError("another generation has begun")
            await self._log(standing.generation or "").append(entries)

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        async with self._asked():
            reader, self._reader = self._reader, None  # until what is read now is told
            if reader is None or (reader.generation, reader.mark) != (generation, after):
                reader = await self._read_from(generation, after)
            clock_s = asyncio.get_running_loop().time
            end_s = clock_s() + limits.BROKER_READ_S
            while not (found := await reader.read(max(0.0, end_s - clock_s()))) and clock_s() < end_s:
                pass
            if not found or clock_s() > reader.looked_s + limits.BROKER_READ_S:
                await self._check(generation)
                reader.looked_s = clock_s()
            reader.mark = found[-1][0] if found else after
            self._reader = reader
        return found

    async def end(self, generation: str) -> Mark:
        async with self._asked():
            return await self._log(generation).end()

    async def find(self, generation: str, mark: Mark) -> Found:
        async with self._asked():
            await self._say(nodes.Said("hello"))
            if max(number_of(mark), 1) < self._nodes.trimmed(generation):
                return "trimmed"
            return await self._log(generation).find(mark)

    async def trim(self, generation: str, upto: Mark) -> None:
        """It counts at once; messages go a while later, since parts of an entry that is there may lie before it."""
        async with self._asked():
            await self._say(nodes.Said("trim", name=generation, number=number_of(upto)))
            now_s = asyncio.get_running_loop().time()
            self._trims.append((now_s, generation, upto))
            while self._trims and self._trims[0][0] < now_s - limits.BROKER_LOG_S / 2:
                _, of, mark = self._trims.popleft()
                if of == generation:
                    await self._log(generation).shorten(mark)

    # Generations

    async def settle(self, standing: Standing) -> bool:
        async with self._asked():
            step = self._standings.step
            return await self._stand(standing, standing.generation, step.run, step.leader)

    async def begin(self, standing: Standing, generation: str) -> bool:
        async with self._asked():
            log = self._topic("log", generation)
            await self._make_generation(generation)
            leader = (await self._cluster.metadata([log])).leaders[log].epoch
            if not await self._stand(standing, generation, standing.run, leader):
                return False
            if standing.generation is not None:
                with contextlib.suppress(NoTopicError):
                    await self._log(standing.generation).close_for_ever()
                await asyncio.sleep(_HEARD_S)
            found = await self._cluster.metadata(None)
            roots = (self._topic("log", ""), self._topic("shelves", ""))
            topics = [topic for topic in {*found.leaders, *found.errors} if topic.startswith(roots)]
            await self._cluster.delete([topic for topic in topics if not topic.endswith(f".{generation}")])
        return True

    async def forget(self, generation: str) -> None:
        async with self._asked():
            self._shelves.pop(generation, None)
            await self._cluster.delete([self._topic(kind, generation) for kind in ("log", "shelves")])

    # Shelves

    async def load(self, generation: str) -> dict[str, Shelf]:
        async with self._asked():
            return await self._shelves_of(generation).load()

    async def get(self, generation: str, shelf: str) -> Shelf:
        async with self._asked():
            return await self._shelves_of(generation).get(shelf)

    async def fields(self, generation: str, shelf: str) -> list[str]:
        async with self._asked():
            return await self._shelves_of(generation).fields(shelf)

    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        async with self._asked():
            if generation not in self._shelves and generation not in self._standings.began:
                await self._make_generation(generation)
            await self._shelves_of(generation).put(shelf, changes)

    # Nodes

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        async with self._asked():
            await self._say(nodes.Said("beat", node, data=data, ttl_ms=round(ttl_s * _MS)))
            return self._nodes.beats()

    async def leave(self, node: str) -> None:
        async with self._asked():
            await self._say(nodes.Said("leave", node))

    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        async with self._asked():
            await self._say(nodes.Said("lease", node, name, ttl_ms=round(ttl_s * _MS)))
            return self._nodes.holder(name) == node

    # Its own

    def _forget_all(self) -> None:
        self._reader: LogReader | None = None
        self._stood: Standing | None = None  # when it was last looked at
        self._standings = standings.Standings()
        self._meta_next = 0
        self._nodes = nodes.Nodes()
        self._now_next = 0
        self._lock = asyncio.Lock()
        self._shelves: dict[str, KafkaShelves] = {}
        self._trims: deque[tuple[float, str, Mark]] = deque()

    @property
    def _cluster(self) -> KafkaCluster:
        if self._made is None:
            raise BrokerLostError("not connected")
        return self._made

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """Whatever fails, the connections are not used again. A topic that is not there belonged to what is over."""
        try:
            yield
        except (NoTopicError, OutOfRangeError) as error:
            raise StaleError("another generation has begun") from error
        except BrokerLostError:
            await self.close()
            raise

    async def _look(self) -> Standing:
        """Where it stands."""
        async with self._lock:
            topic = self._topic("meta")
            while records := await self._cluster.fetch("other", topic, self._meta_next, self._cluster.glance_s):
                for record in records:
                    self._step(record.offset, record.value or b"")
        step = self._standings.step
        leader = await self._leader_of(step.generation) if step.generation is not None else None
        if leader is None:
            self._stood = Standing(self._cluster.name, None, None)
        else:
            run = self._standings.run_under(self._cluster.name, leader)
            self._stood = Standing(run, step.generation, step.settled_run)
        return self._stood

    async def _stand(self, standing: Standing, generation: str | None, run: str, leader: int) -> bool:
        """False where it stands otherwise."""
        found = await self._look()
        if (found.generation, found.settled_run) != (standing.generation, standing.settled_run):
            return False
        topic = self._topic("meta")
        async with self._lock:
            step = standings.Step(self._standings.revision, generation, standing.run, run, leader)
            last = await self._cluster.store("other", topic, [(None, standings.to_bytes(step))])
            async for record in self._cluster.upto(topic, self._meta_next, last):
                self._step(record.offset, record.value or b"")
            if self._standings.revision != last + 1:
                return False
        self._stood = Standing(standing.run, generation, standing.run)
        return True

    def _step(self, offset: int, data: bytes) -> None:
        self._standings.take(offset + 1, data)
        self._meta_next = offset + 1

    async def _leader_of(self, generation: str) -> int | None:
        """The epoch of its log's leader; None where its topics are not there."""
        topics = [self._topic(kind, generation) for kind in ("log", "shelves")]
        found = await self._cluster.metadata(topics)
        if found.errors:
            try:
                for topic in topics:  # not every server knows at once what is there
                    await self._cluster.wait_for(topic)
            except NoTopicError:
                return None
            found = await self._cluster.metadata(topics)
        return found.leaders[topics[0]].epoch if topics[0] in found.leaders else None

    async def _check(self, generation: str) -> None:
        before = self._stood
        after = await self._look()
        if before is not None and after.run != before.run:
            raise BrokerLostError("another server leads the log, or it was started again")
        if after.generation != generation:
            raise StaleError("another generation has begun")

    async def _read_from(self, generation: str, after: Mark) -> LogReader:
        await self._say(nodes.Said("hello"))
        if number_of(after) < self._nodes.trimmed(generation):
            raise StaleError("the log does not go back so far any more")
        return LogReader(self._cluster, self._topic("log", generation), generation, after)

    async def _greet(self) -> None:
        """Finds out who is there: what was said long ago says nothing any more."""
        topic = self._topic("now")
        last = await self._cluster.store("other", topic, [(None, nodes.to_bytes(nodes.Said("hello")))])
        (record, *_) = await self._cluster.there(topic, last, 1)
        since_ms = record.at_ms - round(limits.BROKER_NOW_S * _MS)
        since = await self._cluster.offset_at(topic, since_ms)
        self._now_next = last if since is None else since
        await self._hear(last)

    async def _say(self, said: nodes.Said) -> None:
        """And hears what others have said before it."""
        async with self._lock:
            await self._hear(await self._cluster.store("other", self._topic("now"), [(None, nodes.to_bytes(said))]))

    async def _hear(self, last: int) -> None:
        async for record in self._cluster.upto(self._topic("now"), self._now_next, last):
            self._nodes.take(record.at_ms, record.value or b"")
            self._now_next = record.offset + 1

    # Topics

    def _log(self, generation: str) -> KafkaLog:
        return KafkaLog(self._cluster, self._topic("log", generation))

    def _shelves_of(self, generation: str, *, is_new: bool = False) -> KafkaShelves:
        """Raises StaleError."""
        if self._standings.is_over(generation):
            raise StaleError("another generation has begun")
        if generation not in self._shelves:
            topic = self._topic("shelves", generation)
            self._shelves[generation] = KafkaShelves(self._cluster, topic, is_new=is_new)
        return self._shelves[generation]

    async def _make(self, kind: str, generation: str | None = None) -> None:
        await self._cluster.make(self._topic(kind, generation), **_SETTINGS[kind])

    async def _make_generation(self, generation: str) -> None:
        if generation not in self._shelves:
            await asyncio.gather(self._make("log", generation), self._make("shelves", generation))
            self._shelves_of(generation, is_new=True)

    def _topic(self, kind: str, generation: str | None = None) -> str:
        return f"{self._prefix}.{kind}" if generation is None else f"{self._prefix}.{kind}.{generation}"
