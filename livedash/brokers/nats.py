"""NATS as a broker: JetStream keeps the log in one stream a generation and its shelves in another.

Where it stands is one message, which is replaced by compare-and-set. What ends with the server process is kept in its memory:
the name of the run, beats and leases. Two connections, so that a large shelf does not keep the log waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from livedash import limits
from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, Found, Mark, Shelf, StaleError, Standing
from livedash.brokers.marks import holds, number_of
from livedash.brokers.nats_connection import (
    NatsConnection,
    NoStreamError,
    WrongRevisionError,
    status_of,
)
from livedash.brokers.nats_frames import EntryReader, last_mark_of, messages_of
from livedash.brokers.nats_reader import Stored, StreamReader
from livedash.brokers.nats_servers import NatsServers
from livedash.brokers.nats_shelves import NatsShelves, name_of, word_of

_REVISION: Final = "Nats-Expected-Last-Subject-Sequence"
_TTL: Final = "Nats-TTL"
_LEAST_TTL_S: Final = 1  # that a server takes, and its unit


@dataclass(slots=True)
class _Reading:
    """A log that is read from the beginning to the end, one read after the other."""

    generation: str
    mark: Mark
    number: int
    reader: StreamReader
    entries: EntryReader
    looked_s: float


class NatsBroker:
    """Broker."""

    def __init__(self, servers: NatsServers, prefix: str) -> None:
        self.address = servers.address
        self._servers = servers
        self._prefix = prefix
        self._of_generations = (f"{prefix}_log_", f"{prefix}_shelves_")
        self._made: tuple[NatsConnection, NatsConnection] | None = None
        self._reading: _Reading | None = None
        self._stood: Standing | None = None  # when it was last looked at
        self._known: set[str] = set()  # generations that began, or were made here

    async def connect(self) -> Standing:
        await self.close()
        async with self._asked():
            self._made = await self._servers.connect(), await self._servers.connect()
            await self._make("meta", max_msgs_per_subject=1)
            await self._make("now", storage="memory", max_msgs_per_subject=1, allow_msg_ttl=True, allow_direct=True)
            standing, _ = await self._look()
        return standing

    async def close(self) -> None:
        made, self._made, self._reading = self._made, None, None
        for connection in made or ():
            await connection.close()

    # The log

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        async with self._asked():
            if standing != self._stood and standing != (await self._look())[0]:
                raise StaleError("another generation has begun")
            messages = messages_of(entries, self._log.max_bytes)
            subject = self._subject("log", standing.generation or "")
            await self._log.store_all([(subject, message, {}) for message in messages])

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        async with self._asked():
            reading, self._reading = self._reading, None  # until what is read now is told
            if reading is None or (reading.generation, reading.mark) != (generation, after):
                reading = await self._read_from(generation, after)
            found: list[tuple[Mark, bytes]] = []
            while not found and (messages := await reading.reader.read(limits.BROKER_READ_S)):
                found = [entry for entry in _entries(reading, messages) if entry[0] > after]
            now_s = asyncio.get_running_loop().time()
            if not found or now_s > reading.looked_s + limits.BROKER_READ_S:
                await self._check(generation)
                reading.looked_s = now_s
            reading.mark = found[-1][0] if found else after
            self._reading = reading
        return found

    async def end(self, generation: str) -> Mark:
        async with self._asked():
            last = await self._other.stored(
                self._stream("log", generation), last_by_subj=self._subject("log", generation)
            )
        return last_mark_of(*last) if last else BEFORE_ALL

    async def find(self, generation: str, mark: Mark) -> Found:
        number = number_of(mark)
        async with self._asked():
            stream = self._stream("log", generation)
            first = int((await self._other.manage(f"STREAM.INFO.{stream}"))["state"]["first_seq"])
            if max(number, 1) < first:
                return "trimmed"
            found = await self._other.stored(stream, seq=number) if number else None
        return "there" if mark == BEFORE_ALL or (found and holds(mark, found[1])) else "lost"

    async def trim(self, generation: str, upto: Mark) -> None:
        async with self._asked():
            await self._other.manage(f"STREAM.PURGE.{self._stream('log', generation)}", seq=number_of(upto))

    # Generations

    async def settle(self, standing: Standing) -> bool:
        async with self._asked():
            return await self._stand(standing, Standing(standing.run, standing.generation, standing.run))

    async def begin(self, standing: Standing, generation: str) -> bool:
        async with self._asked():
            await self._make_generation(generation)
            if not await self._stand(standing, Standing(standing.run, generation, standing.run)):
                return False
            for stream in await self._other.names(f"{self._prefix}.>"):
                if stream.startswith(self._of_generations) and not stream.endswith(f"_{generation}"):
                    await self._delete(stream)
        return True

    async def forget(self, generation: str) -> None:
        async with self._asked():
            await self._forget(generation)

    # Shelves

    async def load(self, generation: str) -> dict[str, Shelf]:
        async with self._asked():
            return await self._shelves(generation).load()

    async def get(self, generation: str, shelf: str) -> Shelf:
        async with self._asked():
            return await self._shelves(generation).get(shelf)

    async def fields(self, generation: str, shelf: str) -> list[str]:
        async with self._asked():
            return await self._shelves(generation).fields(shelf)

    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        async with self._asked():
            if generation not in self._known:
                await self._make_generation(generation)
            await self._shelves(generation).put(shelf, changes)

    # Nodes

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        async with self._asked():
            root = self._subject("now", "beat")
            number = await self._other.store(f"{root}.{word_of(node)}", data, _ttl(ttl_s))
            wanted = {"multi_last": [f"{root}.*"], "batch": limits.BROKER_NODES}
            messages = await self._last(wanted)
            while max((int(each.headers["Nats-Sequence"]) for each in messages), default=0) < number:
                await asyncio.sleep(limits.BROKER_BEHIND_S)  # in a cluster a node answers that does not have it yet
                messages = await self._last(wanted)
            return {name_of(each.headers["Nats-Subject"].removeprefix(f"{root}.")): each.data for each in messages}

    async def leave(self, node: str) -> None:
        async with self._asked():
            subject = f"{self._subject('now', 'beat')}.{word_of(node)}"
            await self._other.manage(f"STREAM.PURGE.{self._stream('now')}", filter=subject)

    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        async with self._asked():
            subject = f"{self._subject('now', 'lease')}.{word_of(name)}"
            held = await self._other.stored(self._stream("now"), last_by_subj=subject)
            if held is not None and held[1] != node.encode():
                return False
            revision = str(held[0] if held else 0)
            try:
                await self._other.store(subject, node.encode(), {_REVISION: revision, **_ttl(ttl_s)})
            except WrongRevisionError:
                return False
        return True

    # Its own

    @property
    def _log(self) -> NatsConnection:
        if self._made is None:
            raise BrokerLostError("not connected")
        return self._made[0]

    @property
    def _other(self) -> NatsConnection:
        if self._made is None:
            raise BrokerLostError("not connected")
        return self._made[1]

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """Whatever fails, the connections are not used again. A stream that is not there belonged to what is over."""
        try:
            yield
        except NoStreamError as error:
            raise StaleError("another generation has begun") from error
        except BrokerLostError:
            self._servers.pass_over()
            await self.close()
            raise

    async def _look(self) -> tuple[Standing, int]:
        """Where it stands, and the number of the message that says so."""
        run = await self._run()
        found = await self._other.stored(self._stream("meta"), last_by_subj=self._subject("meta", "standing"))
        generation, settled_run = json.loads(found[1]) if found else (None, None)
        if generation is not None and not await self._is_there(generation):
            generation = settled_run = None
        if generation is not None:
            self._known.add(generation)
        self._stood = Standing(run, generation, settled_run)
        return self._stood, found[0] if found else 0

    async def _stand(self, standing: Standing, then: Standing) -> bool:
        """False where it stands otherwise."""
        found, revision = await self._look()
        if (found.generation, found.settled_run) != (standing.generation, standing.settled_run):
            return False
        data = json.dumps([then.generation, then.settled_run]).encode()
        try:
            await self._other.store(self._subject("meta", "standing"), data, {_REVISION: str(revision)})
        except WrongRevisionError:
            return False
        self._stood = then
        return True

    async def _run(self) -> str:
        """A name that the server's memory holds, so that it ends with the process."""
        subject, stream = self._subject("now", "run"), self._stream("now")
        while (found := await self._other.stored(stream, last_by_subj=subject)) is None:
            with contextlib.suppress(WrongRevisionError):
                await self._other.store(subject, secrets.token_hex(8).encode(), {_REVISION: "0"})
        return found[1].decode()

    async def _check(self, generation: str) -> None:
        before = self._stood
        after, _ = await self._look()
        if before is not None and after.run != before.run:
            raise BrokerLostError("the server was started again")
        if after.generation != generation:
            raise StaleError("another generation has begun")

    async def _read_from(self, generation: str, after: Mark) -> _Reading:
        """From the message that holds the entry: others may follow in it."""
        before = max(0, number_of(after) - 1)
        reader = await StreamReader.open(self._log, self._stream("log", generation), after=before)
        looked_s = asyncio.get_running_loop().time()
        return _Reading(generation, after, before, reader, EntryReader(), looked_s)

    async def _last(self, wanted: Mapping[str, object]) -> list[Any]:
        """The last message of each of some subjects of what the server's memory holds."""
        reply, messages = await self._other.listen()
        found = []
        try:
            data = json.dumps(wanted).encode()
            await self._other.send(f"$JS.API.DIRECT.GET.{self._stream('now')}", data, reply=reply)
            while status_of(message := await self._other.next(messages, limits.BROKER_ANSWER_S)) is None:
                found.append(message)
        finally:
            await self._other.forget(reply)
        return found

    # Streams

    def _shelves(self, generation: str) -> NatsShelves:
        return NatsShelves(self._other, self._stream("shelves", generation), self._subject("shelves", generation))

    async def _make(self, kind: str, generation: str = "", **settings: object) -> None:
        subject = self._subject(kind, generation) if generation else f"{self._prefix}.{kind}"
        defaults = {"storage": "file", "num_replicas": self._servers.replicas, "subjects": [subject, f"{subject}.>"]}
        await self._other.make(self._stream(kind, generation), **{**defaults, **settings})

    async def _make_generation(self, generation: str) -> None:
        await self._make("log", generation, allow_atomic=True)
        await self._make("shelves", generation, max_msgs_per_subject=1, allow_msg_ttl=True, allow_atomic=True)
        self._known.add(generation)

    async def _is_there(self, generation: str) -> bool:
        try:
            for kind in ("log", "shelves"):
                await self._other.manage(f"STREAM.INFO.{self._stream(kind, generation)}")
        except NoStreamError:
            return False
        return True

    async def _forget(self, generation: str) -> None:
        for kind in ("log", "shelves"):
            await self._delete(self._stream(kind, generation))

    async def _delete(self, stream: str) -> None:
        with contextlib.suppress(NoStreamError):
            await self._other.manage(f"STREAM.DELETE.{stream}")

    def _stream(self, kind: str, generation: str = "") -> str:
        return f"{self._prefix}_{kind}_{generation}" if generation else f"{self._prefix}_{kind}"

    def _subject(self, kind: str, name: str) -> str:
        return f"{self._prefix}.{kind}.{name}"


def _entries(reading: _Reading, messages: Sequence[Stored]) -> list[tuple[Mark, bytes]]:
    """Raises StaleError for a hole."""
    found: list[tuple[Mark, bytes]] = []
    for message in messages:
        if message.number != reading.number + 1:
            raise StaleError("the log does not go back so far any more")
        reading.number = message.number
        found += reading.entries.take(message.number, message.data)
    return found


def _ttl(ttl_s: float) -> dict[str, str]:
    return {_TTL: f"{max(_LEAST_TTL_S, math.ceil(ttl_s))}s"}
