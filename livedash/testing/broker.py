"""A broker in memory, with the faults of real ones: it goes away, comes back empty or as it was some time ago, and hangs."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from livedash import limits
from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, Found, Mark, Shelf, StaleError, Standing

T = TypeVar("T")


@dataclass
class _Generation:
    shelves: dict[str, dict[str, bytes]] = field(default_factory=dict)
    log: list[tuple[Mark, bytes]] = field(default_factory=list)
    trimmed: Mark = BEFORE_ALL


@dataclass
class _Data:
    """What a dump holds."""

    generation: str | None = None
    settled_run: str | None = None
    generations: dict[str, _Generation] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Said(Generic[T]):
    """By a node; holds until `end_s`, by the loop's time."""

    what: T
    end_s: float

    @property
    def holds(self) -> bool:
        return asyncio.get_running_loop().time() < self.end_s


def _said(what: T, ttl_s: float) -> _Said[T]:
    return _Said(what, asyncio.get_running_loop().time() + ttl_s)


class MemoryServer:
    """What a broker's process is to its clients. Marks grow over restarts, as those do that are made of the time."""

    def __init__(self) -> None:
        self.data = _Data()
        self.is_up = True
        self._runs = 1
        self._marks = 0
        self.beats: dict[str, _Said[bytes]] = {}
        self.leases: dict[str, _Said[str]] = {}
        self.changed = asyncio.Event()
        self.appended = 0

    @property
    def run(self) -> str:
        return f"run{self._runs}"

    def dump(self) -> _Data:
        return copy.deepcopy(self.data)

    def kill(self) -> None:
        self.is_up = False
        self.wake()

    def start(self, data: _Data | None = None) -> None:
        """With the data that it had, or a dump of it, or `MemoryServer().dump()`: none."""
        self.data = self.data if data is None else copy.deepcopy(data)
        self.beats.clear()
        self.leases.clear()
        self._runs += 1
        self.is_up = True
        self.wake()

    def next_mark(self) -> Mark:
        self._marks += 1
        return self._marks

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class MemoryBroker:
    """Broker. `is_cut`: the network between this hub and the server is. `loses_answers`: what it asks for is done, and
    the connection breaks before the answer.
    """

    address = "memory"

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._run: str | None = None
        self.is_cut = False
        self.loses_answers = False

    def cut(self) -> None:
        self.is_cut = True
        self._server.wake()

    async def connect(self) -> Standing:
        await asyncio.sleep(0)
        if self.is_cut or not self._server.is_up:
            raise BrokerLostError("refused")
        self._run = self._server.run
        return self._standing()

    async def close(self) -> None:
        self._run = None

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        await self._ask()
        if standing != self._standing():
            raise StaleError(f"it stands at {self._standing()}")
        log = self._generation(standing.generation).log
        log.extend((self._server.next_mark(), entry) for entry in entries)
        self._server.appended += len(entries)
        self._server.wake()
        if self.loses_answers:
            self._run = None
            raise BrokerLostError("the answer was lost")

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.BROKER_READ_S):
                while not (found := await self._follows(generation, after)):
                    await self._server.changed.wait()
                return found
        return await self._follows(generation, after)

    async def end(self, generation: str) -> Mark:
        await self._ask()
        found = self._generation(generation)
        return found.log[-1][0] if found.log else BEFORE_ALL

    async def find(self, generation: str, mark: Mark) -> Found:
        await self._ask()
        found = self._generation(generation)
        if mark < found.trimmed:
            return "trimmed"
        return "there" if mark == BEFORE_ALL or any(entry[0] == mark for entry in found.log) else "lost"

    async def trim(self, generation: str, upto: Mark) -> None:
        await self._ask()
        found = self._generation(generation)
        found.log = [entry for entry in found.log if entry[0] >= upto]
        found.trimmed = max(found.trimmed, upto)

    async def settle(self, standing: Standing) -> bool:
        await self._ask()
        if standing != self._standing():
            return False
        self._server.data.settled_run = standing.run
        return True

    async def begin(self, standing: Standing, generation: str) -> bool:
        await self._ask()
        if standing != self._standing():
            return False
        data = self._server.data
        if data.generation is not None:
            data.generations.pop(data.generation, None)
            data.over.add(data.generation)
        data.generation, data.settled_run = generation, standing.run
        self._generation(generation)
        self._server.wake()
        return True

    async def forget(self, generation: str) -> None:
        await self._ask()
        self._server.data.generations.pop(generation, None)

    async def load(self, generation: str) -> dict[str, Shelf]:
        await self._ask()
        self._check(generation)
        return copy.deepcopy(dict(self._generation(generation).shelves))

    async def get(self, generation: str, shelf: str) -> Shelf:
        await self._ask()
        return dict(self._generation(generation).shelves.get(shelf, {}))

    async def fields(self, generation: str, shelf: str) -> list[str]:
        await self._ask()
        return list(self._generation(generation).shelves.get(shelf, {}))

    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        await self._ask()
        self._check(generation)
        shelves = self._generation(generation).shelves
        fields = shelves.setdefault(shelf, {})
        for name, data in changes.items():
            if data is None:
                fields.pop(name, None)
            else:
                fields[name] = data
        if not fields:
            del shelves[shelf]

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        await self._ask()
        beats = self._server.beats
        beats[node] = _said(data, ttl_s)
        return {node: said.what for node, said in beats.items() if said.holds}

    async def leave(self, node: str) -> None:
        await self._ask()
        self._server.beats.pop(node, None)

    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        await self._ask()
        held = self._server.leases.get(name)
        if held is not None and held.holds and held.what != node:
            return False
        self._server.leases[name] = _said(node, ttl_s)
        return True

    def _standing(self) -> Standing:
        data = self._server.data
        return Standing(self._server.run, data.generation, data.settled_run)

    def _generation(self, name: str | None) -> _Generation:
        assert name is not None
        return self._server.data.generations.setdefault(name, _Generation())

    async def _follows(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        await self._ask()
        if generation != self._server.data.generation:
            raise StaleError("another generation has begun")
        found = self._generation(generation)
        if after < found.trimmed:
            raise StaleError("the log does not go back so far any more")
        return [entry for entry in found.log if entry[0] > after]

    def _check(self, generation: str) -> None:
        if generation in self._server.data.over:
            raise StaleError("another generation has begun")

    async def _ask(self) -> None:
        await asyncio.sleep(0)
        if self.is_cut or not self._server.is_up or self._run != self._server.run:
            self._run = None
            raise BrokerLostError("the connection is gone")
