"""Several hubs with one broker in memory, their publishers and viewers, on a real loop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from livedash import clock
from livedash.brokers.contract import Broker
from livedash.brokers.entries import SharedChange
from livedash.brokers.replica import Replica
from livedash.brokers.state import SharedState
from livedash.core.changes import Append, Asker, Result
from livedash.core.hub import Hub
from livedash.sharing.registry import LinkRegistry
from livedash.testing.clock import ManualClock
from livedash.testing.viewer import MemoryViewer
from livedash.wire.batch import Batch
from livedash.wire.position import Position

_ids = itertools.count(1)


def new_id() -> str:
    return f"id{next(_ids)}"


def plain_hub() -> Hub:
    return Hub(new_id)


def fresh_state(make_hub: Callable[[], Hub] = plain_hub) -> SharedState:
    return SharedState(make_hub(), LinkRegistry(bytes), {})


class HubOnBroker:
    """One of several hubs. `make_hub`: what holds its rooms, and what it makes of the broker's when it comes late."""

    def __init__(
        self,
        broker: Broker,
        make_hub: Callable[[], Hub] = plain_hub,
        *,
        clock_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self.broker = broker
        self.shared = fresh_state(make_hub)
        self.replica = Replica(
            broker,
            self.shared,
            lambda: fresh_state(make_hub),
            now_us=clock.now_us,
            clock_s=clock_s,
            new_id=new_id,
            on_change=lambda: self.changes.append(self.replica.state().state),
        )
        self.changes: list[str] = []  # how it stood after each
        self.clock = ManualClock()

    @property
    def hub(self) -> Hub:
        return self.shared.hub

    def start(self) -> None:
        self.replica.start()

    async def write(self, change: SharedChange, asker: Asker | None = None) -> Result:
        """Waits until it has been read back."""
        return await self.ask(change, asker)

    def ask(self, change: SharedChange, asker: Asker | None = None) -> asyncio.Future[Result]:
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.replica.submit(change, done.set_result, asker or Asker())
        return done

    def push(self, *numbers: int, room: str = "train", **of: Any) -> asyncio.Future[Result]:
        return self.ask(Append(room, batch(*numbers), **of))

    def viewer(self, since: str = "now", room: str = "train") -> MemoryViewer:
        viewer = MemoryViewer(self.hub, self.clock)
        viewer.read(room, since)
        return viewer

    def numbers(self, room: str = "train") -> list[int]:
        """What the room holds."""
        found = self.hub.rooms.get(room)
        return [] if found is None else [each["n"] for part in found.history.batches() for each in part.records()]

    def position(self, room: str = "train") -> Position:
        return self.hub.room(room).position


def batch(*numbers: int) -> Batch:
    return Batch.from_records([{"n": number} for number in numbers], [0] * len(numbers))


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Waits for it; a test that waits in vain says for what."""
    for _ in range(4000):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{what}: in vain")
