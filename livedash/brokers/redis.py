"""Redis or Valkey as a broker: the log is a stream, a shelf a hash, and whatever must not be torn apart a script.

All keys are in one slot (`{prefix}:…`), so that a cluster's node serves them all. Three connections, so that a large
shelf does not keep the log waiting. None of them comes back by itself: what is asked after a break may meet another
process. So no pipeline of redis-py is used either: it would take a connection of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from livedash import limits
from livedash.brokers import redis_scripts as scripts
from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, Found, Mark, Shelf, StaleError, Standing
from livedash.brokers.redis_servers import Servers, closed, redis_errors, run_of

_SEQUENCE_BITS: Final = 20  # of a stream's identity, milliseconds and a number: a million entries a millisecond
_ENTRY: Final = b"e"
_ANSWER_LIMITS_S: Final = (
    limits.BROKER_READ_S + limits.BROKER_ANSWER_S,
    limits.BROKER_ANSWER_S,
    limits.BROKER_ANSWER_S,
)
_READ_ENTRIES: Final = 1000
_SHELVES_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class _Connections:
    """`reader` waits for the log, `writer` appends to it, `other` does all else."""

    reader: Any
    writer: Any
    other: Any

    async def close(self) -> None:
        for client in (self.reader, self.writer, self.other):
            await closed(client)


class RedisBroker:
    """Broker. `servers` finds the server that has the keys."""

    def __init__(self, servers: Servers, prefix: str) -> None:
        self.address = servers.address
        self._servers = servers
        self._prefix = f"{{{prefix}}}"
        self._meta = f"{self._prefix}:meta"
        self._generations = f"{self._prefix}:generations"
        self._made: _Connections | None = None

    async def connect(self) -> Standing:
        await self.close()
        async with self._asked():
            self._made = await self._connections()
            runs = {await run_of(client) for client in (self._made.reader, self._made.writer, self._made.other)}
            generation, settled_run = await self._other.hmget(self._meta, "generation", "settled_run")
        if len(runs) > 1:
            raise BrokerLostError("the server was started again in this moment")
        return Standing(runs.pop(), _text(generation), _text(settled_run))

    async def close(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            await made.close()

    # The log

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        async with self._asked():
            keys = (self._meta, self._log(standing.generation or ""))
            if not await self._there.writer.eval(scripts.APPEND, 2, *keys, *_told(standing)[1:], *entries):
                raise StaleError("another generation has begun")

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        log, trimmed, place = self._log(generation), self._trimmed(generation), _identity(after)
        async with self._asked():
            wait_ms = round(limits.BROKER_READ_S * 1000)
            both = {log: place, trimmed: place}
            found = dict(await self._there.reader.xread(both, count=_READ_ENTRIES, block=wait_ms))
            if not found:
                await self._check(generation)
                return []
        if trimmed.encode() in found:
            raise StaleError("the log does not go back so far any more")
        entries = found[log.encode()]
        if any(_ENTRY not in fields for _, fields in entries):
            raise StaleError("another generation has begun")
        return [(_mark(identity), fields[_ENTRY]) for identity, fields in entries]

    async def end(self, generation: str) -> Mark:
        async with self._asked():
            last = await self._other.xrevrange(self._log(generation), count=1)
        return _mark(last[0][0]) if last else BEFORE_ALL

    async def find(self, generation: str, mark: Mark) -> Found:
        async with self._asked():
            trimmed = await self._other.xrevrange(self._trimmed(generation), count=1)
            if trimmed and mark < _mark(trimmed[0][0]):
                return "trimmed"
            identity = _identity(mark)
            there = mark == BEFORE_ALL or await self._other.xrange(self._log(generation), identity, identity)
        return "there" if there else "lost"

    async def trim(self, generation: str, upto: Mark) -> None:
        async with self._asked():
            await self._other.eval(scripts.TRIM, 2, self._log(generation), self._trimmed(generation), _identity(upto))

    # Generations

    async def settle(self, standing: Standing) -> bool:
        async with self._asked():
            return bool(await self._other.eval(scripts.SETTLE, 1, self._meta, *_told(standing)))

    async def begin(self, standing: Standing, generation: str) -> bool:
        """Whatever another hub was about to begin can't begin any more: its shelves go with those of the former one."""
        former = self._log(standing.generation or "")
        async with self._asked():
            if not await self._other.eval(scripts.BEGIN, 2, self._meta, former, *_told(standing), generation):
                return False
            for known in await self._other.smembers(self._generations):
                if (other := known.decode()) != generation:
                    await self._forget(other)
        return True

    async def forget(self, generation: str) -> None:
        async with self._asked():
            await self._forget(generation)

    # Shelves

    async def load(self, generation: str) -> dict[str, Shelf]:
        loaded: dict[str, Shelf] = {}
        async with self._asked():
            names = [name.decode() for name in await self._other.smembers(self._shelves(generation))]
            for start in range(0, len(names), _SHELVES_AT_ONCE):
                some = names[start : start + _SHELVES_AT_ONCE]
                keys = [self._shelf(generation, name) for name in some]
                shelves = await self._other.eval(scripts.GET, len(keys), *keys)
                loaded |= dict(zip(some, map(_shelf_of, shelves), strict=True))
            await self._check(generation)
        return loaded

    async def get(self, generation: str, shelf: str) -> Shelf:
        async with self._asked():
            (found,) = await self._other.eval(scripts.GET, 1, self._shelf(generation, shelf))
        return _shelf_of(found)

    async def fields(self, generation: str, shelf: str) -> list[str]:
        async with self._asked():
            return [field.decode() for field in await self._other.hkeys(self._shelf(generation, shelf))]

    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        kept = [part for field, data in changes.items() if data is not None for part in (field, data)]
        gone = [field for field, data in changes.items() if data is None]
        async with self._asked():
            keys = (self._shelf(generation, shelf), self._shelves(generation), self._log(generation), self._generations)
            if not await self._other.eval(scripts.PUT, 4, *keys, generation, shelf, len(kept), *kept, *gone):
                raise StaleError("another generation has begun")

    # Nodes

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        async with self._asked():
            said = await self._other.eval(scripts.BEAT, 1, f"{self._prefix}:beats", node, data, round(ttl_s * 1000))
        return {name.decode(): each for name, each in zip(said[::2], said[1::2], strict=True)}

    async def leave(self, node: str) -> None:
        async with self._asked():
            await self._other.hdel(f"{self._prefix}:beats", node)

    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        async with self._asked():
            key = f"{self._prefix}:lease:{name}"
            return bool(await self._other.eval(scripts.LEASE, 1, key, node, round(ttl_s * 1000)))

    # Its own

    async def _connections(self) -> _Connections:
        async with contextlib.AsyncExitStack() as undo:
            clients: list[Any] = []
            for limit_s in _ANSWER_LIMITS_S:
                client = await self._servers.client(self._meta, limit_s)
                undo.push_async_callback(closed, client)
                clients.append(client)
            undo.pop_all()
        return _Connections(*clients)

    @property
    def _there(self) -> _Connections:
        if self._made is None:
            raise BrokerLostError("not connected")
        return self._made

    @property
    def _other(self) -> Any:
        return self._there.other

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """Whatever fails, the connections are not used again."""
        try:
            yield
        except redis_errors() as error:
            await self.close()
            raise BrokerLostError(f"{type(error).__name__}: {error}") from error

    async def _check(self, generation: str) -> None:
        if _text(await self._other.hget(self._meta, "generation")) != generation:
            raise StaleError("another generation has begun")

    async def _forget(self, generation: str) -> None:
        shelves = self._shelves(generation)
        for name in await self._other.smembers(shelves):
            await self._other.unlink(self._shelf(generation, name.decode()))
        await self._other.unlink(shelves, self._trimmed(generation))
        await self._other.srem(self._generations, generation)

    def _log(self, generation: str) -> str:
        return f"{self._prefix}:log:{generation}"

    def _trimmed(self, generation: str) -> str:
        return f"{self._prefix}:trimmed:{generation}"

    def _shelves(self, generation: str) -> str:
        return f"{self._prefix}:shelves:{generation}"

    def _shelf(self, generation: str, name: str) -> str:
        return f"{self._prefix}:shelf:{generation}:{name}"


def _mark(identity: bytes) -> Mark:
    milliseconds, _, sequence = identity.partition(b"-")
    return int(milliseconds) << _SEQUENCE_BITS | int(sequence)


def _identity(mark: Mark) -> str:
    return f"{mark >> _SEQUENCE_BITS}-{mark & ((1 << _SEQUENCE_BITS) - 1)}"


def _shelf_of(parts: Sequence[bytes]) -> Shelf:
    return {field.decode(): data for field, data in zip(parts[::2], parts[1::2], strict=True)}


def _text(value: bytes | None) -> str | None:
    return value.decode() if value else None


def _told(standing: Standing) -> tuple[str, str, str]:
    """Run, generation and settled run, as a script compares them."""
    return standing.run, standing.generation or "", standing.settled_run or ""
