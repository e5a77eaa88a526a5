"""Puts what the log led to on the broker's shelves, and then shortens the log: one hub does it for all."""

from __future__ import annotations

from collections import deque

from livedash import limits
from livedash.brokers.contract import Broker, Mark
from livedash.brokers.fold import Fold
from livedash.brokers.shelves import (
    DASHBOARDS,
    HUB,
    LINKS,
    STATE,
    RoomRows,
    as_of,
    shelf_of_dashboards,
    shelf_of_links,
    shelf_of_room,
    state_of_hub,
    state_of_room,
)


class Shelving:
    """Of one generation, for the hub that has the lease. All that a hub left out while it had none is put anew."""

    def __init__(self, broker: Broker, generation: str, fold: Fold) -> None:
        self._broker = broker
        self._generation = generation
        self._fold = fold
        self._rows: dict[str, RoomRows] = {}
        self._as_of: Mark | None = None  # None: another hub has put things meanwhile
        self._samples: deque[tuple[float, Mark, int]] = deque()

    def lose(self) -> None:
        """Another hub has the lease."""
        self._as_of = None
        self._rows.clear()
        self._samples.clear()

    async def shelve(self, now_s: float) -> None:
        """All that has changed; raises as a broker does."""
        if self._as_of is None:
            self._as_of = as_of(await self._broker.get(self._generation, HUB))
        mark, before = self._fold.mark, self._as_of
        if mark > before:
            hub = state_of_hub(self._fold.state, mark)
            changed = [shelf for shelf, touched in self._fold.touched.items() if touched > before]
            for shelf in changed:
                if shelf not in (LINKS, DASHBOARDS):
                    await self._put_room(shelf.partition(":")[2])
            await self._put_shared(changed)
            await self._put(HUB, {STATE: hub})
            self._as_of = mark
        await self._put_trimmed()
        await self._trim(now_s)

    async def _put_room(self, name: str) -> None:
        """In parts, so that neither this hub nor the broker is busy with one for long."""
        is_done = False
        while not is_done:
            is_done = not await self._put_part(name)

    async def _put_part(self, name: str) -> bool:
        """True if there is more."""
        room = self._fold.state.hub.rooms.get(name)
        shelf = shelf_of_room(name)
        if room is None:
            self._rows.pop(name, None)
            await self._put(shelf, dict.fromkeys(await self._broker.fields(self._generation, shelf)))
            return False
        rows = self._rows.get(name)
        changes: dict[str, bytes | None] = {}
        if rows is None or rows.epoch != room.epoch:
            changes.update(dict.fromkeys(await self._broker.fields(self._generation, shelf)))
            room = self._fold.state.hub.rooms.get(name)  # it may have begun again or gone meanwhile
            if room is None:
                await self._put(shelf, changes)
                return False
            rows = self._rows[name] = RoomRows(room.epoch, room.history.first)
        elif rows.is_far_behind(room):  # without the state these rows mean nothing yet
            await self._put(shelf, rows.next_row(room))
            return True
        changes.update(rows.follow(room))
        changes[STATE] = state_of_room(room, self._fold.mark)
        await self._put(shelf, changes)
        return False

    async def _put_trimmed(self) -> None:
        """Of rooms to which nothing comes: what has become too old."""
        for name, rows in list(self._rows.items()):
            room = self._fold.state.hub.rooms.get(name)
            if room is not None and rows.epoch == room.epoch and rows.has_trimmed(room):
                await self._put_room(name)

    async def _put_shared(self, changed: list[str]) -> None:
        state = self._fold.state
        for shelf, contents in ((LINKS, shelf_of_links(state)), (DASHBOARDS, shelf_of_dashboards(state))):
            if shelf in changed:
                gone = dict.fromkeys(await self._broker.fields(self._generation, shelf))
                await self._put(shelf, {**gone, **contents})

    async def _trim(self, now_s: float) -> None:
        assert self._as_of is not None
        samples, total = self._samples, self._fold.nbytes
        samples.append((now_s, self._as_of, total))
        upto = None
        while samples and (
            samples[0][0] < now_s - limits.BROKER_LOG_S or samples[0][2] < total - limits.BROKER_LOG_BYTES
        ):
            upto = samples.popleft()[1]
        if upto:
            await self._broker.trim(self._generation, upto)

    async def _put(self, shelf: str, changes: dict[str, bytes | None]) -> None:
        if changes:
            await self._broker.put(self._generation, shelf, changes)
