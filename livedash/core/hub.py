"""The hub: all rooms of one process, who reads them, and which viewers are owed something; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from livedash import limits
from livedash.core.audience import Audience
from livedash.core.deleted import DeletedRooms
from livedash.core.grant import Grant
from livedash.core.journal import Appended, Deleted, Journal, Lost
from livedash.core.kept import header_of
from livedash.core.origin import UNKNOWN_ORIGIN, Origin
from livedash.core.publishers import Connection, IdempotencyKeys
from livedash.core.room import Room
from livedash.core.session import Session
from livedash.core.settings import RoomSettings
from livedash.core.takeover import acquaintance, check_position, held_already
from livedash.errors import ConflictError, LimitReachedError, LivedashError, NotFoundError
from livedash.wire import names
from livedash.wire.batch import Batch
from livedash.wire.messages import Acquaintance, GapReason, Held, Notice, ViewerInfo, Welcome
from livedash.wire.position import Position


@dataclass(frozen=True, slots=True)
class HubStatistics:
    rooms: int
    sessions: int
    history_bytes: int
    published: int  # records, since the start
    duplicates: int  # records that a publisher sent again


class Hub(Audience):
    """One thread calls it. `new_id` gives random texts of [a-z0-9].

    `journal` is told each change, for who keeps the rooms. A hub with `is_closed` takes nothing any more.
    """

    def __init__(
        self,
        new_id: Callable[[], str],
        *,
        history_bytes: int = limits.HUB_HISTORY_BYTES,
        connections: int = limits.CONNECTIONS,
        defaults: RoomSettings | None = None,
    ) -> None:
        super().__init__()
        self._new_id = new_id
        self._history_bound = history_bytes
        self._connections = connections
        self._defaults = defaults or RoomSettings()
        self.rooms: dict[str, Room] = {}
        self.idempotency = IdempotencyKeys()
        self.journal = Journal()
        self.is_closed = False
        self.deleted = DeletedRooms()
        self._sessions: dict[Session, None] = {}
        self._history_bytes = 0
        self._published = 0
        self._duplicates = 0

    # Viewers

    def open_session(self, grant: Grant, label: str, pump: Callable[[], None], now_s: float) -> Session:
        """`now_s` in seconds since 1970 is when the viewer came. Raises LimitReachedError."""
        if len(self._sessions) >= self._connections:
            raise LimitReachedError(f"this hub has its {self._connections} connections already; try again later")
        session = Session(self, grant, ViewerInfo(self._new_id(), label, now_s), pump)
        self._sessions[session] = None
        return session

    def remove_session(self, session: Session, rooms: Iterable[str]) -> None:
        self._leave(session, rooms)
        self._sessions.pop(session, None)

    def sessions(self) -> list[Session]:
        return list(self._sessions)

    # Publishing

    def publish(self, name: str, batch: Batch, now_us: int, now_s: float, origin: Origin = UNKNOWN_ORIGIN) -> Position:
        """Appends the batch, whole or not at all, and gives the position of its last record.

        Raises NameRefusedError, SettingRefusedError, ConflictError (the request's key is that of another one), ValueRefusedError
        or LimitReachedError (a keyed room's key, or a hub that is closed).
        """
        self._check_open()
        room = self.rooms.get(name)
        known = self._known_answer(name, room, origin, now_us / 1_000_000)
        if known is not None:
            self._duplicates += batch.count
            return known
        is_new = room is None
        room = room or self._begin(name, origin.settings, origin.new_epoch)
        if room.history.top < room.owed_top and not room.publishers.is_only(origin.publisher):
            # an offset that readers know for another record is not given again
            self._begin_epoch(room, "restarted", origin.new_epoch)
        self._append(room, batch, now_us, origin, is_new=is_new)
        position = room.position
        if origin.publisher is not None and origin.seq is not None:
            room.publishers.remember(origin.publisher, origin.seq, position)
        if origin.request is not None:
            self.idempotency.remember(name, origin.request, position, now_us / 1_000_000)
        self._published += batch.count
        self._after_change(name, is_new, now_s)
        if origin.session is not None:
            origin.session.leave_out(name, position, batch.count)
        return position

    def hello(self, rooms: dict[str, Held], origin: Origin = UNKNOWN_ORIGIN) -> dict[str, Acquaintance]:
        """What this hub knows of rooms of which a publisher was the only one: known, unknown or other."""
        return {name: self._acquaintance(name, held, origin) for name, held in rooms.items()}

    def continued(self, rooms: dict[str, Held]) -> dict[str, Position]:
        """Of rooms that go on from the epoch of which a publisher speaks: up to where, and in which epoch."""
        found = {}
        for name, held in rooms.items():
            room = self.rooms.get(name)
            if room is not None and held.epoch in room.continued:
                found[name] = Position(room.epoch, room.continued[held.epoch])
        return found

    def restore(
        self,
        name: str,
        epoch: str,
        first: int,
        batch: Batch,
        now_us: int,
        now_s: float,
        origin: Origin = UNKNOWN_ORIGIN,
        owed_top: int = 0,
    ) -> Position:
        """Takes over records that a former hub acknowledged, with their offsets and, where none is here, epoch (DESIGN 4.6).

        `owed_top`: the last offset that the former hub may have shown to readers. Raises ProtocolError for what is no
        position, ConflictError where the room has another epoch or other publishers, or a hole would be left, and
        SettingRefusedError.
        """
        self._check_open()
        check_position(epoch, first, batch.count)
        room = self.rooms.get(name)
        if room is None and (ended := self.deleted.why_ended(name, epoch)):
            raise ConflictError(f"epoch {epoch!r} of room {name!r} was {ended}, and stays so")
        is_new = room is None
        if room is None:
            room = self._new_room(names.checked_room(name), epoch, origin.settings, top=first - 1)
        self._note_stranger(room, epoch)
        known = held_already(room, epoch, first, batch.count)
        if not is_new and not room.publishers.is_only(origin.publisher):
            raise ConflictError(f"room {name!r} has records of another publisher, so {epoch}-{first} can't be restored")
        self._note_author(room, origin, is_first=is_new)
        if epoch == room.epoch and owed_top > room.owed_top:
            room.owed_top = owed_top
            if not is_new:
                self.journal.describe(room)
        if known < batch.count:
            continued = None if epoch == room.epoch else epoch
            self._append(room, batch.slice(known, batch.count), now_us, origin, is_new=is_new, continued=continued)
            self._after_change(name, is_new, now_s)
        return room.position if epoch == room.epoch else Position(room.epoch, first + batch.count - 1)

    def note_lost(self, name: str, publisher: str, dropped: int) -> None:
        """A publisher lost records from its buffer; its readers are told."""
        room = self.rooms.get(name)
        if room is not None:
            room.publishers.note_dropped(publisher, dropped)
            self.journal.tell(Lost(name, publisher, dropped))
        self._notify_readers(Notice(name, publisher, dropped))

    # Rooms

    def room(self, name: str) -> Room:
        """Raises NotFoundError for a room without a record or settings."""
        room = self.rooms.get(name)
        if room is None:
            raise NotFoundError(f"there is no room {name!r} yet; it begins with its first record")
        return room

    def rooms_matching(self, glob: str) -> list[str]:
        return [name for name in self.rooms if names.matches(glob, name)]

    def configure(
        self, name: str, changes: dict[str, Any], now_us: int, now_s: float, new_epoch: str | None = None
    ) -> Room:
        """Sets a room's settings; the room exists from then on. Raises SettingRefusedError or ConflictError."""
        room = self.rooms.get(name)
        settings = (room.settings if room else self._defaults).changed(changes)
        if room is None:
            room = self._begin(name, None, new_epoch)
            room.configure(settings, now_us)
            self.journal.describe(room)
            self._after_change(name, True, now_s)
            return room
        nbytes, first = room.nbytes, room.history.first
        room.configure(settings, now_us)
        self._note_trimmed(room, nbytes, first)
        self.journal.describe(room)
        return room

    def clear(self, name: str, new_epoch: str | None = None) -> Position:
        """Empties a room and begins a new epoch. Raises NotFoundError."""
        room = self.room(name)
        self._begin_epoch(room, "cleared", new_epoch)
        return room.position

    def delete(self, name: str) -> None:
        """Removes a room. Raises NotFoundError."""
        room = self.room(name)
        self._history_bytes -= room.nbytes
        del self.rooms[name]
        _let_go(name, room.publishers.forget_only())
        room.end_epoch("deleted")
        self.deleted.remember(name, room.former)
        self.journal.tell(Deleted(name, self.deleted.former(name)))
        self._mark_readers(name)

    def why_ended(self, name: str, epoch: str) -> GapReason | None:
        """Why an epoch of a room that does not exist ended; None if this hub never knew it."""
        return self.deleted.why_ended(name, epoch)

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
            self._note_trimmed(room, nbytes, first)

    def statistics(self) -> HubStatistics:
        return HubStatistics(
            len(self.rooms), len(self._sessions), self._history_bytes, self._published, self._duplicates
        )

    def _known_answer(self, name: str, room: Room | None, origin: Origin, now_s: float) -> Position | None:
        if origin.request is not None:
            return self.idempotency.answer(name, origin.request, now_s)
        if room is None or origin.publisher is None or origin.seq is None:
            return None
        return room.publishers.answer(origin.publisher, origin.seq)

    def _begin(self, name: str, settings: Mapping[str, Any] | None, epoch: str | None) -> Room:
        return self._new_room(names.checked_room(name), epoch or self._new_epoch(), settings)

    def _begin_epoch(self, room: Room, reason: GapReason, epoch: str | None) -> None:
        self._history_bytes -= room.nbytes
        room.begin_epoch(epoch or self._new_epoch(), reason)
        _let_go(room.name, room.publishers.forget_only())
        self.journal.describe(room)
        self._mark_readers(room.name)

    def _new_epoch(self) -> str:
        return self._new_id()[: limits.EPOCH_CHARACTERS]

    def _note_author(self, room: Room, origin: Origin, *, is_first: bool) -> None:
        _let_go(room.name, room.publishers.note_author(origin.publisher, origin.connection, is_first=is_first))

    def _new_room(self, name: str, epoch: str, settings: Mapping[str, Any] | None, *, top: int = 0) -> Room:
        room = self.rooms[name] = Room(name, epoch, self._defaults.changed(dict(settings or {})), top=top)
        for former, reason in self.deleted.take(name).items():
            room.note_former(former, reason)
        return room

    def _append(
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
        self._note_author(room, origin, is_first=is_new or first == 1)
        if self.journal.keeper is not None:
            header = header_of(room) if is_new or continued or only != room.publishers.only else None
            what = (room.name, room.epoch, first, batch, room.history.first, changes)
            self.journal.tell(Appended(*what, origin.publisher, origin.seq, origin.request, now_us, header))
        self._free_bytes()

    def _acquaintance(self, name: str, held: Held, origin: Origin) -> Acquaintance:
        room = self.rooms.get(name)
        if room is None:
            return "other" if self.deleted.why_ended(name, held.epoch) else "unknown"
        self._note_stranger(room, held.epoch)
        if not room.publishers.is_only(origin.publisher):
            return "other"
        self._note_author(room, origin, is_first=False)  # by its new connection
        return acquaintance(room, held)

    def _after_change(self, name: str, is_new: bool, now_s: float) -> None:
        if is_new:
            self._tell_families(name, now_s)
        self._mark_readers(name)

    def _free_bytes(self) -> None:
        while self._history_bytes > self._history_bound:
            largest = max(self.rooms.values(), key=lambda room: room.history.nbytes)
            nbytes, first = largest.nbytes, largest.history.first
            if not largest.drop_oldest():
                return
            self._note_trimmed(largest, nbytes, first)

    def _note_trimmed(self, room: Room, nbytes_before: int, first_before: int) -> None:
        self._history_bytes += room.nbytes - nbytes_before
        self.journal.tell_trimmed(room, first_before)

    def _note_stranger(self, room: Room, epoch: str) -> None:
        """Somebody speaks of an epoch of the room that this hub never had: readers of it are told `restarted`."""
        if epoch != room.epoch and epoch not in room.continued and epoch not in room.former:
            room.note_former(epoch, "restarted")
            self.journal.describe(room)

    def _check_open(self) -> None:
        if self.is_closed:
            raise LimitReachedError("this hub has ended; send it again in a moment")


def _let_go(room: str, connection: Connection | None) -> None:
    """Tells a publisher that it can't give this room back any more, should this hub end."""
    if connection is not None:
        connection.notify(Welcome({room: "other"}))
