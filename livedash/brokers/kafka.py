"""Kafka as a broker: one topic a generation keeps the log, and another one its shelves.

Kafka has no compare-and-set and no data that ends by itself. So where the broker stands, who is there and who has a lease
are topics of their own, which all hubs read and understand alike.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from livedash import limits
from livedash.brokers.contract import BrokerLostError, Found, Mark, Shelf, StaleError, Standing
from livedash.brokers.kafka_connection import KafkaCluster, NoTopicError, OutOfRangeError
from livedash.brokers.kafka_log import LogReader, TornLogError
from livedash.brokers.kafka_nodes import Said
from livedash.brokers.kafka_servers import KafkaServers
from livedash.brokers.kafka_session import MS, KafkaSession
from livedash.brokers.marks import number_of
from livedash.errors import SettingRefusedError

_HEARD_S: Final = 0.1  # until all who read a log that is over know it
_SHORTEN_S: Final = limits.BROKER_LOG_S / 2


class KafkaBroker:
    """Broker."""

    def __init__(self, servers: KafkaServers, prefix: str) -> None:
        if not prefix.isascii():
            raise SettingRefusedError(
                f"prefix={prefix[:40]!r} names no topic of Kafka's; use letters of ASCII, digits and _"
            )
        self.address = servers.address
        self._servers = servers
        self._prefix = prefix
        self._made: KafkaSession | None = None
        self._reader: LogReader | None = None
        self._trims: deque[tuple[float, str, Mark]] = deque()
        self._torn: str | None = None  # the generation whose log was found so
        self._known_run: str | None = None
        self._is_broken = False  # since that was known

    async def connect(self) -> Standing:
        await self.close()
        async with self._asked():
            self._made = KafkaSession(await KafkaCluster.open(self._servers), self._prefix)
            standing = await self._made.open(self._known_run, is_broken=self._is_broken)
            self._known_run, self._is_broken = standing.run, False
        return standing

    async def close(self) -> None:
        made, self._made, self._reader = self._made, None, None
        self._trims.clear()
        if made is not None:
            self._is_broken |= made.cluster.is_broken
            await made.cluster.close()

    # The log

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        async with self._asked():
            if standing != self._session.stood and standing != await self._session.look():
                raise StaleError("another generation has begun")
            await self._session.log(standing.generation or "").append(entries)

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
            return await self._session.log(generation).end()

    async def find(self, generation: str, mark: Mark) -> Found:
        async with self._asked():
            await self._session.hear()
            if max(number_of(mark), 1) < self._session.nodes.trimmed(generation):
                return "trimmed"
            return "lost" if generation == self._torn else await self._session.log(generation).find(mark)

    async def trim(self, generation: str, upto: Mark) -> None:
        """It counts at once; messages go a while later, since parts of an entry that is there may lie before it."""
        async with self._asked():
            await self._session.say(Said("trim", name=generation, number=number_of(upto)))
            now_s = asyncio.get_running_loop().time()
            self._trims.append((now_s, generation, upto))
            while self._trims and self._trims[0][0] < now_s - _SHORTEN_S:
                _, of, mark = self._trims.popleft()
                if of == generation:
                    await self._session.log(generation).shorten(mark)

    # Generations

    async def settle(self, standing: Standing) -> bool:
        async with self._asked():
            return await self._session.settle(standing)

    async def begin(self, standing: Standing, generation: str) -> bool:
        async with self._asked():
            await self._session.make(generation)
            if not await self._session.begin(standing, generation):
                return False
            if standing.generation is not None:
                with contextlib.suppress(NoTopicError):
                    await self._session.log(standing.generation).close_for_ever()
                await asyncio.sleep(_HEARD_S)
            await self._session.forget_others(generation)
        return True

    async def forget(self, generation: str) -> None:
        async with self._asked():
            await self._session.forget(generation)

    # Shelves

    async def load(self, generation: str) -> dict[str, Shelf]:
        async with self._asked():
            return await self._session.shelves(generation).load()

    async def get(self, generation: str, shelf: str) -> Shelf:
        async with self._asked():
            return await self._session.shelves(generation).get(shelf)

    async def fields(self, generation: str, shelf: str) -> list[str]:
        async with self._asked():
            return await self._session.shelves(generation).fields(shelf)

    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        async with self._asked():
            await self._session.make(generation)
            await self._session.shelves(generation).put(shelf, changes)

    # Nodes

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        async with self._asked():
            await self._session.say(Said("beat", node, data=data, ttl_ms=round(ttl_s * MS)))
            return self._session.nodes.beats()

    async def leave(self, node: str) -> None:
        async with self._asked():
            await self._session.say(Said("leave", node))

    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        async with self._asked():
            await self._session.say(Said("lease", node, name, ttl_ms=round(ttl_s * MS)))
            return self._session.nodes.holder(name) == node

    # Its own

    @property
    def _session(self) -> KafkaSession:
        if self._made is None:
            raise BrokerLostError("not connected")
        return self._made

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """Whatever fails, the connections are not used again. A topic that is not there belonged to what is over."""
        try:
            yield
        except TornLogError as torn:
            self._torn = torn.generation
            raise
        except (NoTopicError, OutOfRangeError) as error:
            raise StaleError("another generation has begun") from error
        except BrokerLostError:
            self._is_broken = True
            await self.close()
            raise

    async def _check(self, generation: str) -> None:
        await self._session.cluster.keep_alive()
        before = self._session.stood
        after = await self._session.look()
        if before is not None and after.run != before.run:
            raise BrokerLostError("another server leads the log, or it was started again")
        if after.generation != generation:
            raise StaleError("another generation has begun")

    async def _read_from(self, generation: str, after: Mark) -> LogReader:
        session = self._session
        await session.hear()
        if number_of(after) < session.nodes.trimmed(generation):
            raise StaleError("the log does not go back so far any more")
        knows_run = session.standings.runs.__contains__
        return LogReader(session.cluster, session.topic("log", generation), generation, after, knows_run)
