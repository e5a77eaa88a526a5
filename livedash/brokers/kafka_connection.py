"""Connections to the servers of a Kafka cluster, and what is asked of them. None of them comes back by itself.

aiokafka is imported when it is needed: it is an extra. Of it only the connection and the protocol are used: its clients
connect again, ask again and make topics by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from livedash import clock, limits
from livedash.brokers.contract import BrokerLostError
from livedash.brokers.kafka_servers import KafkaServers, kafka_requests

if TYPE_CHECKING:
    from livedash.brokers.kafka_requests import Metadata, Record

Line = Literal["read", "append", "other"]
"""A server answers what is asked over one connection in order, so what waits has one of its own."""

Batch = Sequence[tuple[bytes | None, bytes | None]]

_CLOSE_S: Final = 0.5
_POLL_S: Final = 0.02
_QUIET_S: Final = 60.0
_FETCH_BYTES: Final = 16 * limits.MIB
_OUT_OF_RANGE: Final = 1
_NO_TOPIC: Final = 3
_IS_THERE: Final = 36
_COMES: Final = (3, 5, 6, 9)  # of a topic that was made just now: not every server knows it, or its leader


class NoTopicError(Exception):
    """There is none of that name, or none any more."""


class OutOfRangeError(Exception):
    """There is no message of that offset, and none will be: the topic begins later, or ended before."""


class KafkaCluster:
    """All methods raise BrokerLostError where a server can't be reached or refuses, in bounded time."""

    def __init__(self, servers: KafkaServers) -> None:
        self._servers = servers
        self._kafka = kafka_requests()
        self._connections: dict[tuple[tuple[str, int], Line], asyncio.Task[Any]] = {}
        self._bootstrap: tuple[str, int] = servers.bootstrap[0]
        self._seen: Metadata | None = None
        self._leaders: dict[str, tuple[str, int]] = {}
        self._last: dict[tuple[Line, str], int] = {}  # offsets of what was stored
        self._gone: set[str] = set()
        self._asked_s: dict[tuple[tuple[str, int], Line], float] = {}
        self._is_closed = False
        self._reason = ""  # for which it can't be used any more
        self.must_come_s = servers.wait_s or limits.BROKER_ANSWER_S / 2
        self.glance_s = servers.wait_s or 0.0
        self.tail_s = servers.wait_s or limits.BROKER_READ_S

    @classmethod
    async def open(cls, servers: KafkaServers) -> KafkaCluster:
        """By the first server that answers."""
        cluster = cls(servers)
        try:
            await cluster._open()
        except BaseException:
            await cluster.close()
            raise
        return cluster

    async def _open(self) -> None:
        refused = BrokerLostError("no server")
        for host in self._servers.bootstrap:
            self._bootstrap = host
            try:
                await self.metadata([])
            except BrokerLostError as error:
                refused = error
            else:
                return
        raise refused

    async def close(self) -> None:
        """Raises nothing."""
        self._is_closed = True
        tasks, self._connections = list(self._connections.values()), {}
        for task in tasks:  # all at once: who closes may be cancelled as well
            task.cancel()
            task.add_done_callback(_close)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*(task.result().close() for task in tasks if _is_made(task)))

    @property
    def is_broken(self) -> bool:
        """True if a connection ended by itself."""
        tasks = [task for task in self._connections.values() if task.done()]
        return any(_is_made(task) and not task.result().connected() for task in tasks)

    @property
    def name(self) -> str:
        """Of the cluster."""
        return (self._seen and self._seen.cluster) or "kafka"

    async def keep_alive(self) -> None:
        """Servers end connections over which nothing is asked for ten minutes."""
        for address, line in list(self._connections):
            if clock.monotonic_s() > self._asked_s[address, line] + _QUIET_S:
                await self._send(address, line, self._kafka.metadata([]))

    # Topics

    async def metadata(self, topics: Sequence[str] | None) -> Metadata:
        """None: of all topics."""
        answer = await self._send(self._bootstrap, "other", self._kafka.metadata(topics))
        found: Metadata = self._kafka.metadata_of(answer)
        self._seen = found
        for topic, leader in found.leaders.items():
            if leader.node in found.nodes:
                self._leaders[topic] = found.nodes[leader.node]
        return found

    async def epoch_of(self, topic: str) -> int:
        """Of its leader, as that says itself: others may not know yet. Raises NoTopicError."""
        answer = await self._send(await self._leader_of(topic), "other", self._kafka.metadata([topic]))
        found: Metadata = self._kafka.metadata_of(answer)
        self._refuse(found.errors.get(topic, 0), topic)
        return found.leaders[topic].epoch

    async def make(self, topic: str, **settings: str) -> None:
        """Unless it is there. Then it can be used."""
        named = {name.replace("_", "."): value for name, value in settings.items()}
        request = self._kafka.create(topic, self._servers.replication, named, limits.BROKER_ANSWER_S)
        answer = await self._send(self._controller(), "other", request)
        code = self._kafka.codes_of(answer).get(topic, 0)
        if code not in (0, _IS_THERE):
            self._refuse(code, topic)
        await self.wait_for(topic)

    async def wait_for(self, topic: str) -> None:
        """Until it can be used. Raises NoTopicError where it is not there."""
        code = 0
        for _ in range(round(limits.BROKER_ANSWER_S / _POLL_S)):
            if not (code := await self._state_of(topic)):
                break
            await asyncio.sleep(_POLL_S)
        self._refuse(code, topic)

    async def delete(self, topics: Sequence[str]) -> None:
        """Those that are there."""
        if topics:
            answer = await self._send(self._controller(), "other", self._kafka.delete(topics, limits.BROKER_ANSWER_S))
            for topic, code in self._kafka.codes_of(answer).items():
                with contextlib.suppress(NoTopicError):
                    self._refuse(code, topic)

    # Messages

    async def store(self, line: Line, topic: str, messages: Batch) -> int:
        """Side by side, all or none; the first one's offset. Raises NoTopicError.

        A topic that gives an offset again is not the one that it was: some servers make one anew of what was deleted.
        """
        at_ms = clock.now_us() // 1000
        request = self._kafka.produce(topic, messages, at_ms, limits.BROKER_ANSWER_S)
        code, offset = self._kafka.placed(await self._send(await self._leader_of(topic), line, request))
        self._refuse(code, topic)
        if offset <= self._last.get((line, topic), -1):
            self._gone.add(topic)
        if topic in self._gone:
            raise NoTopicError(topic)
        self._last[line, topic] = offset
        return int(offset)

    async def fetch(
        self, line: Line, topic: str, offset: int, wait_s: float, max_bytes: int = _FETCH_BYTES
    ) -> list[Record]:
        """What lies there and after it, some of it at least; waits so long for the first.

        Raises NoTopicError or OutOfRangeError.
        """
        request = self._kafka.fetch(topic, offset, wait_s, max_bytes)
        answer = await self._send(await self._leader_of(topic), line, request)
        code, records = self._kafka.fetched(answer, offset)
        self._refuse(code, topic)
        return list(records)

    async def there(self, topic: str, offset: int, max_bytes: int = _FETCH_BYTES) -> list[Record]:
        """As `fetch`, where it is known that something is there, or after it."""
        end_s = clock.monotonic_s() + limits.BROKER_ANSWER_S
        while not (records := await self.fetch("other", topic, offset, self.must_come_s, max_bytes)):
            if clock.monotonic_s() > end_s:
                raise BrokerLostError(f"{topic} does not give what it took")
        return records

    async def upto(self, topic: str, offset: int, last: int) -> AsyncIterator[Record]:
        """What lies from there to a message of which it is known that it is there. Raises as `fetch` does."""
        while offset <= last:
            for record in await self.there(topic, offset):
                offset = record.offset + 1
                if record.offset <= last:
                    yield record

    async def offset_at(self, topic: str, at_ms: int) -> int | None:
        """Of the first message that is not older."""
        answer = await self._send(await self._leader_of(topic), "other", self._kafka.offset_at(topic, at_ms))
        code, offset = self._kafka.offset_of(answer)
        self._refuse(code, topic)
        return offset if offset >= 0 else None

    async def shorten(self, topic: str, before: int) -> None:
        """Where the server can't do it, messages stay until the topic is deleted. Raises NoTopicError."""
        if self._servers.deletes_records:
            request = self._kafka.delete_records(topic, before, limits.BROKER_ANSWER_S)
            answer = await self._send(await self._leader_of(topic), "other", request)
            with contextlib.suppress(OutOfRangeError):  # another hub's trim was quicker
                self._refuse(self._kafka.codes_of(answer).get(topic, 0), topic)

    # Its own

    async def _state_of(self, topic: str) -> int:
        """An error code, of those that pass; 0 once the topic can be used."""
        code = (await self.metadata([topic])).errors.get(topic, 0)
        if not code:
            request = self._kafka.fetch(topic, 0, self.glance_s, 1)
            answer = await self._send(await self._leader_of(topic), "other", request)
            code, _ = self._kafka.fetched(answer, 0)
        return int(code) if code in _COMES else 0

    async def _leader_of(self, topic: str) -> tuple[str, int]:
        if topic not in self._leaders:
            code = (await self.metadata([topic])).errors.get(topic, 0)
            self._refuse(code, topic)
        if topic not in self._leaders:
            raise BrokerLostError(f"{topic} has no server that leads it")
        return self._leaders[topic]

    def _controller(self) -> tuple[str, int]:
        found = self._seen
        return found.nodes.get(found.controller, self._bootstrap) if found else self._bootstrap

    def _refuse(self, code: int, topic: str) -> None:
        if code == _NO_TOPIC:
            self._leaders.pop(topic, None)
            raise NoTopicError(topic)
        if code == _OUT_OF_RANGE:
            raise OutOfRangeError(topic)
        if code:
            raise BrokerLostError(f"the server says of {topic}: {self._kafka.name_of(code)}")

    async def _send(self, address: tuple[str, int], line: Line, request: Any) -> Any:
        self._asked_s[address, line] = clock.monotonic_s()
        try:
            return await (await self._connection(address, line)).send(request)
        except self._kafka.LOST as error:
            self._reason = self._reason or str(error) or "no answer"  # of the first: what it closes breaks others
            raise BrokerLostError(self._reason) from error

    async def _connection(self, address: tuple[str, int], line: Line) -> Any:
        if self._is_closed:
            raise BrokerLostError(self._reason or "the connection was closed")
        task = self._connections.get((address, line))
        if task is None:
            task = self._connections[address, line] = asyncio.ensure_future(self._connect(address, line))
        return await asyncio.shield(task)

    async def _connect(self, address: tuple[str, int], line: Line) -> Any:
        limit_s = limits.BROKER_ANSWER_S + (self.tail_s if line == "read" else 0)
        connection = self._kafka.connection(*address, limit_s, self._servers.context, self._servers.login)
        async with asyncio.timeout(limits.BROKER_ANSWER_S):
            await connection.connect()
        return connection


def _is_made(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and task.exception() is None


def _close(task: asyncio.Task[Any]) -> None:
    if _is_made(task):
        task.result().close()
