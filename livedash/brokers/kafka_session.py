"""What one connection to Kafka knows of two topics that all hubs read and understand alike: where it stands, and who is there.

Who writes something there reads up to it, and knows then what came before.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from livedash import limits
from livedash.brokers import kafka_nodes as nodes
from livedash.brokers import kafka_standing as standings
from livedash.brokers.contract import StaleError, Standing
from livedash.brokers.kafka_connection import KafkaCluster, NoTopicError
from livedash.brokers.kafka_log import KafkaLog
from livedash.brokers.kafka_shelves import KafkaShelves

if TYPE_CHECKING:
    from livedash.brokers.kafka_requests import Record

MS: Final = 1000
_HOUR_MS: Final = 3_600_000
_NOW_MS: Final = round(limits.BROKER_NOW_S * MS)
_OURS: Final = {"message_timestamp_type": "LogAppendTime", "cleanup_policy": "delete"}  # whatever a server's own are
_FOR_EVER: Final = {**_OURS, "retention_ms": "-1", "retention_bytes": "-1"}
_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "meta": _FOR_EVER,
    "now": {**_OURS, "retention_ms": str(_NOW_MS), "segment_ms": str(_NOW_MS // 2)},
    "log": _FOR_EVER,
    "shelves": {
        **_OURS,
        "cleanup_policy": "compact",
        "segment_ms": str(_NOW_MS),
        "segment_bytes": str(64 * limits.MIB),
        "min_cleanable_dirty_ratio": "0.2",
        "min_compaction_lag_ms": str(_NOW_MS),  # who reads up to a place needs what it replaced after that
        "delete_retention_ms": str(_HOUR_MS),
    },
}


class _Told:
    """A topic from some place on. `take` is called for each message in order."""

    def __init__(self, cluster: KafkaCluster, topic: str, take: Callable[[Record], None]) -> None:
        self.topic = topic
        self.next = 0
        self._cluster = cluster
        self._take = take
        self._lock = asyncio.Lock()

    async def hear(self) -> None:
        """What is there now."""
        async with self._lock:
            while records := await self._cluster.fetch("other", self.topic, self.next, self._cluster.glance_s):
                for record in records:
                    self._note(record)

    async def say(self, data: bytes) -> int:
        """And hears what came before it; where it lies."""
        async with self._lock:
            last = await self._cluster.store("other", self.topic, [(None, data)])
            await self._hear(last)
        return last

    async def begin_at(self, since_ms: Callable[[int], int], data: bytes) -> Record:
        """Says it, and hears what came before it since so long; its record."""
        last = await self._cluster.store("other", self.topic, [(None, data)])
        (record, *_) = await self._cluster.there(self.topic, last, 1)
        since = await self._cluster.offset_at(self.topic, since_ms(record.at_ms))
        self.next = last if since is None else since
        await self._hear(last)
        return record

    async def _hear(self, last: int) -> None:
        async for record in self._cluster.upto(self.topic, self.next, last):
            self._note(record)

    def _note(self, record: Record) -> None:
        self._take(record)
        self.next = record.offset + 1


class KafkaSession:
    """All methods raise as KafkaCluster's do. `stood`: when it was last looked at."""

    def __init__(self, cluster: KafkaCluster, prefix: str) -> None:
        self.cluster = cluster
        self.standings = standings.Standings()
        self.nodes = nodes.Nodes()
        self.stood: Standing | None = None
        self.counts_epochs = True
        self._prefix = prefix
        self._meta = _Told(cluster, self.topic("meta"), self._take_step)
        self._now = _Told(cluster, self.topic("now"), self._take_said)
        self._shelves: dict[str, KafkaShelves] = {}

    async def open(self, known_run: str | None, *, is_broken: bool) -> Standing:
        """`known_run`: under which this hub was here before; `is_broken`: and its connections broke then."""
        for kind in ("meta", "now"):
            await self._make(kind)
        hello = nodes.to_bytes(nodes.Said("hello"))
        # what was said long ago says nothing any more
        record = await self._now.begin_at(lambda now_ms: now_ms - _NOW_MS, hello)
        self.counts_epochs = record.leader >= 0
        standing = await self.look()
        if standing.generation is not None and self._may_be_another(standing.run, known_run, is_broken):
            return await self._begin_run(standing.generation)
        return standing

    # Where it stands

    async def look(self) -> Standing:
        await self._meta.hear()
        step = self.standings.step
        leader = await self._leader_of(step.generation) if step.generation is not None else None
        if leader is None:
            self.stood = Standing(self.cluster.name, None, None)
        else:
            run = self.standings.run_under(self.cluster.name, leader)
            self.stood = Standing(run, step.generation, step.settled_run)
        return self.stood

    async def settle(self, standing: Standing) -> bool:
        step = self.standings.step
        return await self._stand(standing, standing.generation, step.run, step.leader)

    async def begin(self, standing: Standing, generation: str) -> bool:
        """Its topics are there."""
        leader = await self.cluster.epoch_of(self.topic("log", generation))
        return await self._stand(standing, generation, standing.run, leader)

    async def _stand(self, standing: Standing, generation: str | None, run: str, leader: int) -> bool:
        """False where it stands otherwise."""
        found = await self.look()
        if (found.generation, found.settled_run) != (standing.generation, standing.settled_run):
            return False
        if not await self._go(standings.Step(self.standings.revision, generation, standing.run, run, leader)):
            return False
        self.stood = Standing(standing.run, generation, standing.run)
        return True

    async def _go(self, step: standings.Step) -> bool:
        """False where another hub was quicker."""
        last = await self._meta.say(standings.to_bytes(step))
        return self.standings.revision == last + 1

    async def _leader_of(self, generation: str) -> int | None:
        """The epoch of its log's leader; None where its topics are not there."""
        topics = [self.topic(kind, generation) for kind in ("log", "shelves")]
        if (await self.cluster.metadata(topics)).errors:
            try:
                for topic in topics:  # not every server knows at once what is there
                    await self.cluster.wait_for(topic)
            except NoTopicError:
                return None
        return await self.cluster.epoch_of(topics[0])

    def _may_be_another(self, run: str, known_run: str | None, is_broken: bool) -> bool:
        """True where only a broken connection tells of a restart, and no hub has told of this one yet."""
        if self.counts_epochs or known_run is None:
            return False
        return known_run not in self.standings.runs or (known_run == run and is_broken)

    async def _begin_run(self, generation: str) -> Standing:
        run = secrets.token_hex(8)
        step = msgspec.structs.replace(self.standings.step, revision=self.standings.revision, run=run)
        if await self._go(step):
            await self.log(generation).tell(run)
        return await self.look()

    def _take_step(self, record: Record) -> None:
        self.standings.take(record.offset + 1, record.value or b"")

    # Who is there

    async def say(self, said: nodes.Said) -> None:
        """And hears what others have said before it."""
        await self._now.say(nodes.to_bytes(said))

    async def hear(self) -> None:
        """What others have said until now."""
        await self.say(nodes.Said("hello"))

    def _take_said(self, record: Record) -> None:
        self.nodes.take(record.at_ms, record.value or b"")

    # Generations

    def topic(self, kind: str, generation: str | None = None) -> str:
        return f"{self._prefix}.{kind}" if generation is None else f"{self._prefix}.{kind}.{generation}"

    def log(self, generation: str) -> KafkaLog:
        return KafkaLog(self.cluster, self.topic("log", generation))

    def shelves(self, generation: str) -> KafkaShelves:
        """Raises StaleError."""
        if self.standings.is_over(generation):
            raise StaleError("another generation has begun")
        if generation not in self._shelves:
            self._shelves[generation] = KafkaShelves(self.cluster, self.topic("shelves", generation), is_new=False)
        return self._shelves[generation]

    async def make(self, generation: str) -> None:
        """Unless it is there: its topics."""
        if generation not in self._shelves and generation not in self.standings.began:
            await asyncio.gather(self._make("log", generation), self._make("shelves", generation))
            self._shelves[generation] = KafkaShelves(self.cluster, self.topic("shelves", generation), is_new=True)

    async def forget(self, generation: str) -> None:
        self._shelves.pop(generation, None)
        await self.cluster.delete([self.topic(kind, generation) for kind in ("log", "shelves")])

    async def forget_others(self, generation: str) -> None:
        """All but that one, whether they ever began or not."""
        found = await self.cluster.metadata(None)
        roots = (self.topic("log", ""), self.topic("shelves", ""))
        topics: Collection[str] = {*found.leaders, *found.errors}
        others = [topic for topic in topics if topic.startswith(roots) and not topic.endswith(f".{generation}")]
        await self.cluster.delete(others)

    async def _make(self, kind: str, generation: str | None = None) -> None:
        await self.cluster.make(self.topic(kind, generation), **_SETTINGS[kind])
