"""The rooms of a hub and what they take in all: how they begin, grow, are trimmed and end, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from livedash import limits
from livedash.core.audience import Audience
from livedash.core.deleted import DeletedRooms
from livedash.core.history import History
from livedash.core.journal import Appended, Deleted, Journal
from livedash.core.kept import header_of
from livedash.core.origin import UNKNOWN_ORIGIN, Origin
from livedash.core.publishers import Connection, IdempotencyKeys
from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.errors import LivedashError, NotFoundError
from livedash.wire import names
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason, Welcome


class RoomTable(Audience):
    """Bounded in bytes. `journal` is told each change, for who keeps the rooms. `defaults`: of a room's settings."""

    def __init__(self, new_id: Callable[[], str], history_bytes: int, defaults: RoomSettings) -> None:
        super().__init__()
        self._new_id = new_id
        self._history_bound = history_bytes
        self._history_bytes = 0
        self.defaults = defaults
        self.rooms: dict[str, Room] = {}
        self.deleted = DeletedRooms()
        self.idempotency = IdempotencyKeys()
        self.journal = Journal()

    def room(self, name: str) -> Room:
        """Raises NotFoundError for a room without a record or settings."""
        room = self.rooms.get(name)
        if room is None:
            raise NotFoundError(f"there is no room {name!r} yet; it begins with its first record")
        return room

    def rooms_matching(self, glob: str) -> list[str]:
        return [name for name in self.rooms if names.matches(glob, name)]

    # Beginning and ending

    def begin(self, name: str, settings: Mapping[str, Any] | None, epoch: str | None) -> Room:
        return self.begin_room(names.checked_room(name), epoch or self._new_epoch(), settings)

    def end_room(self, room: Room) -> None:
        """Removes it; who reads it is told, now and later."""
        self._history_bytes -= room.nbytes
        del self.rooms[room.name]
        _let_go(room.name, room.publishers.forget_only())
        room.end_epoch("deleted")
        self.deleted.remember(room.name, room.former)
        self.journal.tell(Deleted(room.name, self.deleted.former(room.name)))
        self._mark_readers(room.name)

    def begin_epoch(self, room: Room, reason: GapReason, epoch: str | None) -> None:
        self._history_bytes -= room.nbytes
        room.begin_epoch(epoch or self._new_epoch(), reason)
        _let_go(room.name, room.publishers.forget_only())
        self.journal.describe(room)
        self._mark_readers(room.name)

    def _new_epoch(self) -> str:
        return self._new_id()[: limits.EPOCH_CHARACTERS]

    def note_author(self, room: Room, origin: Origin, *, is_first: bool) -> None:
        _let_go(room.name, room.publishers.note_author(origin.publisher, origin.connection, is_first=is_first))

    def begin_room(self, name: str, epoch: str, settings: Mapping[str, Any] | None, *, top: int = 0) -> Room:
        room = self.rooms[name] = Room(name, epoch, self.defaults.changed(dict(settings or {})), top=top)
        for former, reason in self.deleted.take(name).items():
            room.note_former(former, reason)
        return room

    def append_to(
        self,
        room: Room,
        batch: Batch,
        now_us: int,
        origin: Origin = UNKNOWN_ORIGIN,
        *,
        is_new: bool,
        continued: str | None = None,
    ) -> None:
        """Raises what Room.append does; a room that began for this batch is then gone again.

        `continued`: the epoch of a former hub that these records are from.
        """
        before, first = room.nbytes, room.history.top + 1
        try:
            changes = room.append(batch, now_us)
        except LivedashError:
            if is_new:
                del self.rooms[room.name]
                self.deleted.remember(room.name, room.former)
            raise
        self._history_bytes += room.nbytes - before
        if continued is not None:
            room.note_continued(continued, room.history.top)
        only = room.publishers.only
        self.note_author(room, origin, is_first=is_new or first == 1)
        if self.journal.keeper is not None:
            header = header_of(room) if is_new or continued or only != room.publishers.only else None
            what = (room.name, room.epoch, first, batch, room.history.first, changes)
            self.journal.tell(Appended(*what, origin.publisher, origin.seq, origin.request, now_us, header))
        self._free_bytes()

    def skip(self, room: Room, upto: int) -> None:
        """Nothing is held up to that offset: the next record comes behind it."""
        before, first = room.nbytes, room.history.first
        room.history = History(upto)
        self.note_trimmed(room, before, first)

    def load_latest(self, room: Room, latest: Iterable[Batch]) -> None:
        """Of a keyed room: these are the latest records of all its keys."""
        before = room.nbytes
        room.load_latest(latest)
        self._history_bytes += room.nbytes - before

    def tell_change(self, name: str, is_new: bool, now_s: float) -> None:
        if is_new:
            self._tell_families(name, now_s)
        self._mark_readers(name)

    def _free_bytes(self) -> None:
        while self._history_bytes > self._history_bound:
            largest = max(self.rooms.values(), key=lambda room: room.history.nbytes)
            nbytes, first = largest.nbytes, largest.history.first
            if not largest.drop_oldest():
                return
            self.note_trimmed(largest, nbytes, first)

    def note_trimmed(self, room: Room, nbytes_before: int, first_before: int) -> None:
        self._history_bytes += room.nbytes - nbytes_before
        self.journal.tell_trimmed(room, first_before)

    # All of them

    def adopt(self, rooms: Iterable[Room], now_us: int) -> None:
        """Takes over what a former hub left. Before anybody reads or publishes."""
        for room in rooms:
            self.rooms[room.name] = room
            self._history_bytes += room.nbytes
        self.trim(now_us)
        self._free_bytes()

    def trim(self, now_us: int) -> None:
        """Drops what is too old; called about twice a second."""
        for room in self.rooms.values():
            nbytes, first = room.nbytes, room.history.first
            room.trim(now_us)
            self.note_trimmed(room, nbytes, first)

    def exchange(self, other: RoomTable, now_us: int, now_s: float) -> None:
        """Takes the rooms of another hub for its own; its viewers and publishers stay, and are told what that changes."""
        before = dict(self.rooms)
        self.rooms.clear()
        self.rooms.update(other.rooms)
        self.deleted, self.idempotency, self.defaults = other.deleted, other.idempotency, other.defaults
        self._history_bytes = sum(room.nbytes for room in self.rooms.values())
        for name, room in before.items():
            only, connection = room.publishers.only, room.publishers.forget_only()
            now = self.rooms.get(name)
            if now is not None and connection is not None and now.publishers.only == only:
                now.publishers.note_author(only, connection)
            else:
                _let_go(name, connection)
        for name in {**before, **self.rooms}:
            self.tell_change(name, name not in before, now_s)
        self.trim(now_us)
        self._free_bytes()


def _let_go(room: str, connection: Connection | None) -> None:
    """Tells a publisher that it can't give this room back any more, should this hub end."""
    if connection is not None:
        connection.notify(Welcome({room: "other"}))
