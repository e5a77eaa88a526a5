"""Keeps a hub's rooms in a store: brings them back at the start, hands on what the hub tells, and catches up after a failure."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.journal import Deleted, Described, Entry, Whole
from livedash.core.kept import continued_as, kept_of, room_of
from livedash.core.room import Room
from livedash.store.contract import Kept, Store, StoreState
from livedash.store.writer import Writer, name_of


class Keeper:
    """On the loop's thread, but for `finish`.

    A room of which the store missed something is not told on in parts any more: when the store takes again, the room is
    put as a whole, one room after the other.
    """

    def __init__(self, store: Store, hub: Hub, loop: asyncio.AbstractEventLoop, new_id: Callable[[], str]) -> None:
        self._store = store
        self._hub = hub
        self._loop = loop
        self._new_id = new_id
        self._writer = Writer(store, self._on_turn)
        self._missing: dict[str, None] = {}

    async def open(self, now_us: int) -> None:
        """The hub has what the store holds, and is kept there from now on. The loop goes on meanwhile.

        Raises SettingRefusedError or OSError, and then the hub is as it was.
        """
        kept, rooms = await asyncio.to_thread(self._load)
        for name, former in kept.deleted.items():
            self._hub.deleted.remember(name, former)
        self._hub.journal.keeper = self._note
        self._writer.start()
        self._hub.adopt(rooms, now_us)
        for each in kept.requests:
            room = self._hub.rooms.get(each.room)
            position = room.place_of(each.position) if room else each.position
            self._hub.idempotency.remember(each.room, each.request, position, each.at_s)

    def state(self) -> StoreState:
        writer, path = self._writer, self._store.path
        if writer.failure is not None:
            return StoreState("failing", path, writer.size_bytes, len(self._missing), writer.failure)
        if self._missing:
            reason = "the disk took less than what came; these rooms are written anew"
            return StoreState("behind", path, writer.size_bytes, len(self._missing), reason)
        return StoreState("kept", path, writer.size_bytes)

    async def close(self) -> None:
        """The hub ends, and all of it is on disk."""
        self.detach()
        await asyncio.to_thread(self.finish)

    def detach(self) -> None:
        """The hub takes nothing any more."""
        self._hub.is_closed = True
        self._hub.journal.keeper = None
        if not self._writer.is_out:
            for name in self._missing:
                self._writer.put(self._whole(name))
            self._missing.clear()

    def finish(self) -> None:
        """After `detach`, on any thread: writes what waits and lets the store go, unless the disk takes too long for that."""
        is_complete = self._writer.stop()
        if not self._writer.is_running:
            self._store.close(is_complete=is_complete)

    def _load(self) -> tuple[Kept, list[Room]]:
        """On a thread of its own: a gigabyte takes seconds."""
        self._store.open()
        try:
            kept = self._store.load()
            if not kept.is_clean:
                rooms = tuple(continued_as(room, self._new_id()[: limits.EPOCH_CHARACTERS]) for room in kept.rooms)
                self._store.write([Described(room.header) for room in rooms])
                kept = replace(kept, rooms=rooms)
            return kept, [room_of(room) for room in kept.rooms]
        except BaseException:
            self._store.close(is_complete=False)
            raise

    def _note(self, entry: Entry) -> None:
        name = name_of(entry)
        if name in self._missing:
            return
        if self._writer.is_out or self._writer.is_full:
            self._miss(name)
        else:
            self._writer.put(entry)

    def _miss(self, name: str) -> None:
        self._missing[name] = None
        self._writer.is_watched = True

    def _on_turn(self) -> None:
        """On the writer's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        for name in self._writer.take_missed():
            self._miss(name)
        if self._hub.is_closed:
            return
        if self._writer.was_emptied:
            self._writer.was_emptied = False
            for name in self._hub.rooms:
                self._miss(name)
        if self._writer.may_go_on:
            self._writer.go_on(has_all=not self._missing)
        if self._writer.is_out:
            return
        if self._missing and self._writer.is_idle:
            name = next(iter(self._missing))
            del self._missing[name]
            self._writer.put(self._whole(name))
        self._writer.is_watched = bool(self._missing)

    def _whole(self, name: str) -> Entry:
        room = self._hub.rooms.get(name)
        return Deleted(name, self._hub.deleted.former(name)) if room is None else Whole(kept_of(room))
