"""The hub: all rooms of one process, who reads them, and which viewers are owed something; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from livedash import limits
from livedash.core.failing import FailingSources
from livedash.core.grant import Grant
from livedash.core.origin import UNKNOWN_ORIGIN, Origin
from livedash.core.publishers import Connection, IdempotencyKeys
from livedash.core.room import Room
from livedash.core.session import Session
from livedash.core.settings import RoomSettings
from livedash.errors import ConflictError, LimitReachedError, LivedashError, NotFoundError, ProtocolError
from livedash.wire import names
from livedash.wire.batch import Batch
from livedash.wire.messages import Acquaintance, GapReason, Held, Notice, ViewerInfo, Welcome
from livedash.wire.position import MAX_OFFSET, NO_EPOCH, Position, is_epoch


@dataclass(frozen=True, slots=True)
class HubStatistics:
    rooms: int
    sessions: int
    history_bytes: int
    published: int  # records, since the start
    duplicates: int  # records that a publisher sent again


class Hub:
    """One thread calls it. `new_id` gives random texts of [a-z0-9]; `on_dirty` is called when viewers are owed something."""

    def __init__(
        self,
        new_id: Callable[[], str],
        *,
        history_bytes: int = limits.HUB_HISTORY_BYTES,
        connections: int = limits.CONNECTIONS,
        defaults: RoomSettings | None = None,
    ) -> None:
        self._new_id = new_id
        self._history_bound = history_bytes
        self._connections = connections
        self._defaults = defaults or RoomSettings()
        self.rooms: dict[str, Room] = {}
        self.idempotency = IdempotencyKeys()
        self.failing = FailingSources()
        self.on_dirty: Callable[[], None] = _nobody
        self._deleted: dict[str, dict[str, GapReason]] = {}  # epochs of rooms that are gone
        self._readers: dict[str, dict[Session, None]] = {}
        self._family_readers: dict[Session, None] = {}
        self._sessions: dict[Session, None] = {}
        self._dirty: dict[Session, None] = {}
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
        for room in rooms:
            self.remove_reader(room, session)
        self.remove_family_reader(session)
        self._sessions.pop(session, None)
        self._dirty.pop(session, None)
        for room in self.failing.forget_publisher(session):
            self._tell_failing(room)

    def add_reader(self, room: str, session: Session) -> None:
        self._readers.setdefault(room, {})[session] = None

    def remove_reader(self, room: str, session: Session) -> None:
        readers = self._readers.get(room, {})
        readers.pop(session, None)
        if not readers:
            self._readers.pop(room, None)

    def add_family_reader(self, session: Session) -> None:
        self._family_readers[session] = None

    def remove_family_reader(self, session: Session) -> None:
        self._family_readers.pop(session, None)

    def viewers(self, room: str) -> list[ViewerInfo]:
        return [session.viewer for session in self._readers.get(room, ())]

    def sessions(self) -> list[Session]:
        return list(self._sessions)

    def mark_dirty(self, session: Session) -> None:
        if not self._dirty:
            self.on_dirty()
        self._dirty[session] = None

    def take_dirty(self) -> list[Session]:
        """The viewers that may be owed something, each once; they are clean from now on."""
        dirty, self._dirty = self._dirty, {}
        return list(dirty)

    # Publishing

    def publish(self, name: str, batch: Batch, now_us: int, now_s: float, origin: Origin = UNKNOWN_ORIGIN) -> Position:
        """Appends the batch, whole or not at all, and gives the position of its last record.

        Raises NameRefusedError, SettingRefusedError, ValueRefusedError or LimitReachedError (a keyed room's key).
        """
        room = self.rooms.get(name)
        known = self._known_answer(room, origin)
        if known is not None:
            self._duplicates += batch.count
            return known
        is_new = room is None
        room = room or self._begin(name, origin.settings)
        if room.history.top < room.owed_top and not room.publishers.is_only(origin.publisher):
            self._begin_epoch(room, "restarted")  # an offset that readers know for another record is not given again
        self._append(room, batch, now_us, is_new=is_new)
        position = room.position
        self._note_author(room, origin, is_first=position.offset == batch.count)
        if origin.publisher is not None and origin.seq is not None:
            room.publishers.remember(origin.publisher, origin.seq, position)
        self._published += batch.count
        self._after_change(name, is_new, now_s)
        if origin.session is not None:
            origin.session.leave_out(name, position, batch.count)
        return position

    def hello(self, rooms: dict[str, Held], origin: Origin = UNKNOWN_ORIGIN) -> dict[str, Acquaintance]:
        """What this hub knows of rooms of which a publisher was the only one: known, unknown or other."""
        return {name: self._acquaintance(name, held, origin) for name, held in rooms.items()}

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
        """Takes over records that a former hub acknowledged, with their epoch and offsets (DESIGN 4.6).

        `owed_top`: the last offset that the former hub may have shown to readers. Raises ProtocolError for what is no
        position, ConflictError where the room has another epoch or other publishers, or a hole would be left, and
        SettingRefusedError.
        """
        if not is_epoch(epoch) or epoch == NO_EPOCH or not 1 <= first <= MAX_OFFSET - batch.count:
            raise ProtocolError(
                f"{epoch[:20]!r} and {first} are no epoch and offset of records that a hub acknowledged"
            )
        room = self.rooms.get(name)
        if room is None and epoch in self._deleted.get(name, {}):
            raise ConflictError(f"epoch {epoch!r} of room {name!r} was {self._deleted[name][epoch]}, and stays so")
        is_new = room is None
        if room is None:
            room = self._new_room(names.checked_room(name), epoch, origin.settings, top=first - 1)
        known = room.history.top - first + 1
        if room.epoch != epoch:
            room.note_former(epoch, "restarted")
        if room.epoch != epoch or known < 0:
            raise ConflictError(f"room {name!r} is at {room.position}, so {epoch}-{first} can't be restored")
        if not is_new and not room.publishers.is_only(origin.publisher):
            raise ConflictError(f"room {name!r} has records of another publisher, so {epoch}-{first} can't be restored")
        self._note_author(room, origin, is_first=is_new)
        room.owed_top = max(room.owed_top, owed_top)
        if known < batch.count:
            self._append(room, batch.slice(known, batch.count), now_us, is_new=is_new)
            self._after_change(name, is_new, now_s)
        return room.position

    def note_lost(self, name: str, publisher: str, dropped: int) -> None:
        """A publisher lost records from its buffer; its readers are told."""
        room = self.rooms.get(name)
        if room is not None:
            room.publishers.note_dropped(publisher, dropped)
        for session in self._readers.get(name, ()):
            session.notify(Notice(name, publisher, dropped))

    def note_failing(self, name: str, source: str, error: str | None, session: Session) -> None:
        """A source that runs where `session` comes from fails, or (None) fails no more; readers of its room are told.

        Raises NameRefusedError or LimitReachedError.
        """
        if self.failing.note(session, names.checked_room(name), source, error):
            self._tell_failing(name)

    # Rooms

    def room(self, name: str) -> Room:
        """Raises NotFoundError for a room without a record or settings."""
        room = self.rooms.get(name)
        if room is None:
            raise NotFoundError(f"there is no room {name!r} yet; it begins with its first record")
        return room

    def rooms_matching(self, glob: str) -> list[str]:
        return [name for name in self.rooms if names.matches(glob, name)]

    def configure(self, name: str, changes: dict[str, Any], now_us: int, now_s: float) -> Room:
        """Sets a room's settings; the room exists from then on. Raises SettingRefusedError or ConflictError."""
        room = self.rooms.get(name)
        settings = (room.settings if room else self._defaults).changed(changes)
        if room is None:
            room = self._begin(name)
            room.configure(settings, now_us)
            self._after_change(name, True, now_s)
            return room
        before = room.nbytes
        room.configure(settings, now_us)
        self._history_bytes += room.nbytes - before
        return room

    def clear(self, name: str) -> Position:
        """Empties a room and begins a new epoch. Raises NotFoundError."""
        room = self.room(name)
        self._begin_epoch(room, "cleared")
        return room.position

    def delete(self, name: str) -> None:
        """Removes a room. Raises NotFoundError."""
        room = self.room(name)
        self._history_bytes -= room.nbytes
        del self.rooms[name]
        _let_go(name, room.publishers.forget_only())
        room.note_former(room.epoch, "deleted")
        self._deleted[name] = dict(room.former)
        if len(self._deleted) > limits.DELETED_ROOMS:
            del self._deleted[next(iter(self._deleted))]
        self._mark_readers(name)

    def why_ended(self, name: str, epoch: str) -> GapReason | None:
        """Why an epoch of a room that does not exist ended; None if this hub never knew it."""
        return self._deleted.get(name, {}).get(epoch)

    def trim(self, now_us: int) -> None:
        """Drops what is too old; called about twice a second."""
        for room in self.rooms.values():
            before = room.nbytes
            room.trim(now_us)
            self._history_bytes += room.nbytes - before

    def statistics(self) -> HubStatistics:
        return HubStatistics(
            len(self.rooms), len(self._sessions), self._history_bytes, self._published, self._duplicates
        )

    def _known_answer(self, room: Room | None, origin: Origin) -> Position | None:
        if room is None or origin.publisher is None or origin.seq is None:
            return None
        return room.publishers.answer(origin.publisher, origin.seq)

    def _begin(self, name: str, settings: Mapping[str, Any] | None = None) -> Room:
        return self._new_room(names.checked_room(name), self._new_id()[: limits.EPOCH_CHARACTERS], settings)

    def _begin_epoch(self, room: Room, reason: GapReason) -> None:
        self._history_bytes -= room.nbytes
        room.begin_epoch(self._new_id()[: limits.EPOCH_CHARACTERS], reason)
        _let_go(room.name, room.publishers.forget_only())
        self._mark_readers(room.name)

    def _note_author(self, room: Room, origin: Origin, *, is_first: bool) -> None:
        _let_go(room.name, room.publishers.note_author(origin.publisher, origin.connection, is_first=is_first))

    def _new_room(self, name: str, epoch: str, settings: Mapping[str, Any] | None, *, top: int = 0) -> Room:
        room = self.rooms[name] = Room(name, epoch, self._defaults.changed(dict(settings or {})), top=top)
        for former, reason in self._deleted.pop(name, {}).items():
            room.note_former(former, reason)
        return room

    def _tell_failing(self, name: str) -> None:
        for session in self._readers.get(name, ()):
            session.tell_failing(name)

    def _append(self, room: Room, batch: Batch, now_us: int, *, is_new: bool) -> None:
        """Raises what Room.append does; a room that began for this batch is then gone again."""
        before = room.nbytes
        try:
            room.append(batch, now_us)
        except LivedashError:
            if is_new:
                del self.rooms[room.name]
                self._deleted[room.name] = dict(room.former)
            raise
        self._history_bytes += room.nbytes - before
        self._free_bytes()

    def _acquaintance(self, name: str, held: Held, origin: Origin) -> Acquaintance:
        room = self.rooms.get(name)
        if room is None:
            return "other" if held.epoch in self._deleted.get(name, {}) else "unknown"
        if room.epoch != held.epoch:
            room.note_former(held.epoch, "restarted")
            return "other"
        if not room.publishers.is_only(origin.publisher):
            return "other"
        self._note_author(room, origin, is_first=False)  # by its new connection
        return "known" if room.history.top >= held.last else "unknown"

    def _after_change(self, name: str, is_new: bool, now_s: float) -> None:
        if is_new:
            for session in tuple(self._family_readers):
                session.on_room_began(name, now_s)
        self._mark_readers(name)

    def _mark_readers(self, name: str) -> None:
        readers = self._readers.get(name)
        if readers:
            if not self._dirty:
                self.on_dirty()
            self._dirty.update(readers)

    def _free_bytes(self) -> None:
        while self._history_bytes > self._history_bound:
            largest = max(self.rooms.values(), key=lambda room: room.history.nbytes)
            freed = largest.drop_oldest()
            if not freed:
                return
            self._history_bytes -= freed


def _let_go(room: str, connection: Connection | None) -> None:
    """Tells a publisher that it can't give this room back any more, should this hub end."""
    if connection is not None:
        connection.notify(Welcome({room: "other"}))


def _nobody() -> None:
    """Before a host has set `on_dirty`."""
