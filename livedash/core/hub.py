"""The hub: all rooms of one process, who reads them, and which viewers are owed something; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from livedash import limits
from livedash.core.connections import ConnectionBounds, Connections
from livedash.core.grant import Grant
from livedash.core.journal import Lost
from livedash.core.origin import UNKNOWN_ORIGIN, Origin
from livedash.core.room import Room
from livedash.core.room_table import RoomTable
from livedash.core.session import Session
from livedash.core.settings import RoomSettings
from livedash.core.takeover import acquaintance, check_position, held_already
from livedash.errors import ConflictError, LimitReachedError
from livedash.wire import names
from livedash.wire.batch import Batch
from livedash.wire.messages import Acquaintance, GapReason, Held, Notice
from livedash.wire.position import Position


@dataclass(frozen=True, slots=True)
class HubStatistics:
    rooms: int
    sessions: int
    history_bytes: int
    published: int  # records, since the start
    duplicates: int  # records that a publisher sent again


class Hub(RoomTable):
    """One thread calls it. `new_id` gives random texts of [a-z0-9]. A hub with `is_closed` takes nothing any more."""

    def __init__(
        self,
        new_id: Callable[[], str],
        *,
        history_bytes: int = limits.HUB_HISTORY_BYTES,
        connections: ConnectionBounds | None = None,
        defaults: RoomSettings | None = None,
    ) -> None:
        super().__init__(new_id, history_bytes, defaults or RoomSettings())
        self.connections = Connections(connections)
        self.is_closed = False
        self._degraded: str | None = None
        self._sessions: dict[Session, None] = {}
        self._published = 0
        self._duplicates = 0

    # Viewers

    def open_session(
        self, grant: Grant, label: str, pump: Callable[[], None], now_s: float, polls: tuple[str, ...] | None = None
    ) -> Session:
        """`now_s` in seconds since 1970 is when the viewer came; `polls`: the rooms of a poll. Raises LimitReachedError."""
        self.connections.add(grant)
        session = Session(self, grant, self.presence.arrive(grant, label, polls, self._new_id, now_s), pump)
        self._sessions[session] = None
        if self._degraded is not None:
            session.tell_degraded(self._degraded)
        return session

    def remove_session(self, session: Session, rooms: Iterable[str]) -> None:
        self._leave(session, rooms)
        del self._sessions[session]
        self.connections.remove(session.grant)

    def sessions(self) -> list[Session]:
        return list(self._sessions)

    def tell_degraded(self, reason: str | None) -> None:
        """All viewers hear that this hub can't do all that it should, and those that come while it is so; None: it can again."""
        if reason != self._degraded:
            self._degraded = reason
            for session in self._sessions:
                session.tell_degraded(reason)

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
        room = room or self.begin(name, origin.settings, origin.new_epoch)
        if room.history.top < room.owed_top and not room.publishers.is_only(origin.publisher):
            # an offset that readers know for another record is not given again
            self.begin_epoch(room, "restarted", origin.new_epoch)
        self.append_to(room, batch, now_us, origin, is_new=is_new)
        position = room.position
        if origin.publisher is not None and origin.seq is not None:
            room.publishers.remember(origin.publisher, origin.seq, position)
        if origin.request is not None:
            self.idempotency.remember(name, origin.request, position, now_us / 1_000_000)
        self._published += batch.count
        self.tell_change(name, is_new, now_s)
        if origin.session is not None:
            origin.session.leave_out(name, position, batch.count)
        return position

    def knows(self, name: str, origin: Origin, now_s: float) -> bool:
        """True if this publish came before, and only its answer is wanted. `now_s` in seconds since 1970.

        Raises ConflictError where the request's key is that of another one.
        """
        return self._known_answer(name, self.rooms.get(name), origin, now_s) is not None

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
            room = self.begin_room(names.checked_room(name), epoch, origin.settings, top=first - 1)
        self._note_stranger(room, epoch)
        known = held_already(room, epoch, first, batch.count)
        if not is_new and not room.publishers.is_only(origin.publisher):
            raise ConflictError(f"room {name!r} has records of another publisher, so {epoch}-{first} can't be restored")
        self.note_author(room, origin, is_first=is_new)
        if epoch == room.epoch and owed_top > room.owed_top:
            room.owed_top = owed_top
            if not is_new:
                self.journal.describe(room)
        if known < batch.count:
            continued = None if epoch == room.epoch else epoch
            self.append_to(room, batch.slice(known, batch.count), now_us, origin, is_new=is_new, continued=continued)
            self.tell_change(name, is_new, now_s)
        return room.position if epoch == room.epoch else Position(room.epoch, first + batch.count - 1)

    def note_lost(self, name: str, publisher: str, dropped: int) -> None:
        """A publisher lost records from its buffer; its readers are told."""
        room = self.rooms.get(name)
        if room is not None:
            room.publishers.note_dropped(publisher, dropped)
            self.journal.tell(Lost(name, publisher, dropped))
        self._notify_readers(Notice(name, publisher, dropped))

    # Rooms

    def configure(
        self, name: str, changes: dict[str, Any], now_us: int, now_s: float, new_epoch: str | None = None
    ) -> Room:
        """Sets a room's settings; the room exists from then on. Raises SettingRefusedError or ConflictError."""
        room = self.rooms.get(name)
        settings = (room.settings if room else self.defaults).changed(changes)
        if room is None:
            room = self.begin(name, None, new_epoch)
            room.configure(settings, now_us)
            self.journal.describe(room)
            self.tell_change(name, True, now_s)
            return room
        nbytes, first = room.nbytes, room.history.first
        room.configure(settings, now_us)
        self.note_trimmed(room, nbytes, first)
        self.journal.describe(room)
        return room

    def clear(self, name: str, new_epoch: str | None = None) -> Position:
        """Empties a room and begins a new epoch. Raises NotFoundError."""
        room = self.room(name)
        self.begin_epoch(room, "cleared", new_epoch)
        return room.position

    def delete(self, name: str) -> None:
        """Removes a room. Raises NotFoundError."""
        self.end_room(self.room(name))

    def why_ended(self, name: str, epoch: str) -> GapReason | None:
        """Why an epoch of a room that does not exist ended; None if this hub never knew it."""
        return self.deleted.why_ended(name, epoch)

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

    def _acquaintance(self, name: str, held: Held, origin: Origin) -> Acquaintance:
        room = self.rooms.get(name)
        if room is None:
            return "other" if self.deleted.why_ended(name, held.epoch) else "unknown"
        self._note_stranger(room, held.epoch)
        if not room.publishers.is_only(origin.publisher):
            return "other"
        self.note_author(room, origin, is_first=False)  # by its new connection
        return acquaintance(room, held)

    def _note_stranger(self, room: Room, epoch: str) -> None:
        """Somebody speaks of an epoch of the room that this hub never had: readers of it are told `restarted`."""
        if epoch != room.epoch and epoch not in room.continued and epoch not in room.former:
            room.note_former(epoch, "restarted")
            self.journal.describe(room)

    def _check_open(self) -> None:
        if self.is_closed:
            raise LimitReachedError("this hub has ended; send it again in a moment", retry_after_s=limits.BYE_RETRY_S)
