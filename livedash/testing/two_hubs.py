"""Two hubs' connections to one broker, as the checks of the contract use them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from livedash.brokers.contract import BEFORE_ALL, Broker, Mark, StaleError, Standing

OpenBroker = Callable[[], Broker]
Check = Callable[[OpenBroker], Awaitable[None]]

WAIT_S: Final = 30.0  # for what comes by itself: a lease that runs out
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class TwoHubs:
    """Two hubs' connections, and where the broker stands: a generation that has just begun."""

    one: Broker
    other: Broker
    standing: Standing
    generation: str

    async def append(self, *entries: bytes) -> list[Mark]:
        """What follows, in appends of their own; their marks."""
        marks = []
        for entry in entries:
            await self.one.append(self.standing, [entry])
            marks.append(await self.one.end(self.generation))
        return marks

    async def next_generation(self) -> Standing:
        generation = new_id()
        assert await self.other.begin(self.standing, generation)
        return Standing(self.standing.run, generation, self.standing.run)


@contextlib.asynccontextmanager
async def two_hubs(open_broker: OpenBroker) -> AsyncIterator[TwoHubs]:
    one, other = open_broker(), open_broker()
    try:
        before, generation = await one.connect(), new_id()
        assert (await other.connect()).run == before.run, "two connections to one server meet one run"
        assert await one.begin(before, generation), "a generation begins where the broker stands as it was found"
        yield TwoHubs(one, other, Standing(before.run, generation, before.run), generation)
    finally:
        await one.close()
        await other.close()


async def read_all(broker: Broker, generation: str, count: int, after: Mark = BEFORE_ALL) -> list[tuple[Mark, bytes]]:
    """`count` entries, in as many reads as that takes."""
    found: list[tuple[Mark, bytes]] = []
    while len(found) < count:
        some = await broker.read(generation, after)
        assert some, f"the log ends after {len(found)} entries of {count}"
        found += some
        after = found[-1][0]
    return found


async def tries() -> AsyncIterator[int]:
    """A turn from time to time, for what comes by itself. Raises AssertionError where it does not."""
    for number in range(round(WAIT_S / POLL_S)):
        yield number
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"it does not come within {WAIT_S} s")


async def raises_stale(call: Awaitable[object]) -> None:
    try:
        answer = await call
    except StaleError:
        return
    raise AssertionError(f"StaleError was due, and not {answer!r}")


def new_id() -> str:
    return secrets.token_hex(8)
