"""What a publisher holds, all rooms together: which message goes next, and what goes first when there is no more space.

Pure: it takes batches and a hub's answers, and gives the messages to send. All batches together have one bound in bytes,
which rooms share fairly. When it is hit, acknowledged records go first (they lie in the hub), then the oldest unsent ones
of the room that holds the most; those are lost, and counted. What was sent and not answered is never dropped: the hub may
have it. It has a bound of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from livedash import limits
from livedash.client.pace import Pace
from livedash.client.room_spool import RoomSpool, RoomSpoolStatistics
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import (
    Acquaintance,
    ClientMessage,
    Error,
    Hello,
    Lost,
    Publish,
    Published,
    Restore,
    SourceFailing,
    Welcome,
)
from livedash.wire.position import Position

__all__ = ["RoomSpoolStatistics", "Spool"]

_IN_FLIGHT_SHARE: Final = 8  # of the bound, where that is below limits.PUBLISHER_IN_FLIGHT_BYTES
_BATCH_SHARE: Final = 16  # of the bound: what is dropped at once is small beside what stays


@dataclass(frozen=True, slots=True)
class _GivingBack:
    """Records to restore; with the answer to the last ones the room goes on under the epoch `then_at`."""

    room: RoomSpool
    epoch: str
    first: int
    batch: Batch
    then_at: str | None


class Spool:
    """Of one publisher. `publisher` is its id at the hub."""

    def __init__(self, publisher: str, bound_bytes: int = limits.PUBLISHER_BUFFER_BYTES) -> None:
        self.publisher = publisher
        self._bound = bound_bytes
        self._in_flight_bound = min(limits.PUBLISHER_IN_FLIGHT_BYTES, bound_bytes // _IN_FLIGHT_SHARE)
        self._batch_bound = min(limits.PUBLISH_BATCH_BYTES, bound_bytes // _BATCH_SHARE)
        self._rooms: dict[str, RoomSpool] = {}
        self._next_seq = 1
        self._ready: dict[str, RoomSpool] = {}  # rooms that have something to send, whose turn comes first, first
        self._failing: dict[tuple[str, str], SourceFailing] = {}  # sources here that fail, for each new connection
        self._settings: dict[str, dict[str, Any]] = {}
        # of this connection
        self._news: dict[tuple[str, str], SourceFailing] = {}  # what it has not been told of them
        self._is_greeting = False
        self._asked: set[str] = set()  # rooms that wait for the welcome
        self._restores: deque[_GivingBack] = deque()
        self._then_at: dict[str, str] = {}  # the last restore of a room that then goes on under another epoch
        self._awaited: dict[int | str, tuple[RoomSpool, int]] = {}  # unanswered, in order: room and bytes
        self._in_flight_bytes = 0
        self._pace = Pace()

    # From the publisher

    def add(self, name: str, batch: Batch) -> None:
        """Puts records behind those that wait."""
        room = self._room(name)
        for part in self._parts(batch):
            room.unsent.append(part)
        self._ready[name] = room
        self._keep_bound()

    def note_lost(self, name: str, records: int) -> None:
        """Records that never got here."""
        room = self._room(name)
        room.lost += records
        self._ready[name] = room

    def note_refused(self, name: str, records: int, reason: str) -> None:
        """Records that could not be put in columns."""
        self._room(name).note_refused(records, reason)

    def note_failing(self, name: str, source: str, error: str | None) -> None:
        """A source that runs here fails, or (None) fails no more: what the hub knows of it ends with the connection."""
        self._failing.pop((name, source), None)
        message = self._news[name, source] = SourceFailing(name, source, error)
        if error is not None:
            self._failing[name, source] = message

    def note_settings(self, name: str, settings: dict[str, Any]) -> None:
        """What was set from here, for a hub that does not know the room: another one, or one that begins anew.

        Any thread may call.
        """
        self._settings[name] = settings

    @property
    def waiting(self) -> int:
        """Records that are neither acknowledged, refused nor lost."""
        return sum(room.waiting for room in list(self._rooms.values()))

    @property
    def is_empty(self) -> bool:
        return not any(room.waiting for room in self._rooms.values())

    @property
    def in_flight(self) -> int:
        """Messages that were sent on this connection and are not answered."""
        return len(self._awaited) + self._is_greeting

    @property
    def is_giving_back(self) -> bool:
        """True while a new hub may still lack what a former one acknowledged."""
        return self._is_greeting or bool(self._restores) or any(isinstance(each, str) for each in self._awaited)

    @property
    def nbytes(self) -> int:
        return sum(room.nbytes for room in self._rooms.values())

    def statistics(self) -> tuple[RoomSpoolStatistics, ...]:
        return tuple(room.statistics() for room in list(self._rooms.values()))

    # The connection

    def begin(self) -> Hello:
        """A new connection: its first message. Rooms that it names send nothing before the welcome."""
        self.end()
        held = {name: held for name, room in self._rooms.items() if (held := room.held()) is not None}
        self._is_greeting = True
        self._asked = set(held)
        return Hello(self.publisher, held, dict(self._settings))

    def end(self) -> None:
        """The connection is gone: what was not answered is sent again, with the same numbers."""
        self._is_greeting = False
        self._asked.clear()
        self._restores.clear()
        self._then_at.clear()
        self._awaited.clear()
        self._in_flight_bytes = 0
        self._pace = Pace()
        self._news = dict(self._failing)
        for name, room in self._rooms.items():
            room.end_connection()
            if room.has_more() or room.lost:
                self._ready[name] = room

    def take(self) -> Iterator[ClientMessage]:
        """What to send now; each message that is taken counts as sent."""
        while self._news:
            yield self._news.pop(next(iter(self._news)))
        yield from self._take_restores()
        held_back = self._asked.union(restore.room.name for restore in self._restores)
        for name in [name for name in self._ready if name not in held_back]:
            yield from self._take_turn(self._ready.pop(name))
        while open_rooms := [
            room for name, room in self._ready.items() if name not in held_back and self._may_send(room)
        ]:
            for room in open_rooms:
                del self._ready[room.name]
                yield from self._take_turn(room)

    def go_on(self) -> None:
        """The wait that the hub asked for is over."""
        self._pace.go_on()

    def receive(self, message: Published | Error | Welcome) -> None:
        """An answer of the hub."""
        match message:
            case Welcome(rooms, at):
                self._welcome(rooms, at)
            case Published(epoch, offset, int(seq)):
                room = self._answered(seq)
                if room is not None:
                    self._pace.note_taken(room.acknowledge(seq, epoch, offset))
                    if not (self._awaited or self._ready):
                        self._pace.relax()
                    self._keep_bound()
            case Published(_, _, str(identity)):
                self._go_on(self._answered(identity), self._then_at.pop(identity, ""))
            case Error(_, _, identity, _, float(wait_s)):
                self._put_off(identity, wait_s)
            case Error(code, text, identity, room_name):
                self._refused(identity, room_name, f"{code}: {text}")

    def _take_restores(self) -> Iterator[ClientMessage]:
        while self._restores and self._has_budget(self._restores[0].batch.nbytes):
            restore = self._restores.popleft()
            identity = f"restore-{self._next_seq}"
            self._next_seq += 1
            self._await(identity, restore.room, restore.batch)
            if restore.then_at is not None:
                self._then_at[identity] = restore.then_at
            fields = MSGPACK.batch_fields(restore.batch, "columns")
            yield Restore(restore.room.name, restore.epoch, restore.first, id=identity, **fields)

    def _take_turn(self, room: RoomSpool) -> Iterator[ClientMessage]:
        """One batch, so that a room with much to send leaves the others their turn; then what the room has lost."""
        if self._may_send(room):
            yield self._publish(room)
        if room.has_more():
            self._ready[room.name] = room
        if room.lost > room.told_lost:
            room.told_lost = room.lost
            yield Lost(room.name, self.publisher, room.lost)

    def _publish(self, room: RoomSpool) -> Publish:
        sent = room.next_to_send(self._next_seq, self._pace.most_records)
        self._next_seq = max(self._next_seq, sent.seq + 1)
        self._await(sent.seq, room, sent.batch)
        fields = MSGPACK.batch_fields(sent.batch, "columns")
        return Publish(room.name, id=sent.seq, publisher=self.publisher, seq=sent.seq, **fields)

    def _may_send(self, room: RoomSpool) -> bool:
        if not room.has_more() or not self._pace.lets_send(in_flight=len(self._awaited)):
            return False
        return room.in_flight < limits.PUBLISHER_IN_FLIGHT and self._has_budget(self._batch_bound)

    def _has_budget(self, nbytes: int) -> bool:
        return not self._awaited or self._in_flight_bytes + nbytes <= self._in_flight_bound

    def _await(self, identity: int | str, room: RoomSpool, batch: Batch) -> None:
        self._awaited[identity] = (room, batch.nbytes)
        self._in_flight_bytes += batch.nbytes

    def _answered(self, identity: int | str) -> RoomSpool | None:
        room, nbytes = self._awaited.pop(identity, (None, 0))
        self._in_flight_bytes -= nbytes
        return room

    def _welcome(self, rooms: dict[str, Acquaintance], at: dict[str, Position]) -> None:
        self._is_greeting = False
        self._asked.clear()
        for name, acquaintance in rooms.items():
            room = self._rooms.get(name)
            held = room.held() if room is not None else None
            if room is None or held is None:
                continue
            place = at.get(name)
            if acquaintance == "unknown":
                self._give_back(room, held.epoch, place)
            elif acquaintance == "other":
                self._lose_place(room)
            elif place is not None:
                self._go_on(room, place.epoch)

    def _give_back(self, room: RoomSpool, epoch: str, place: Position | None) -> None:
        """All that is held, or what lies behind `place`."""
        known = place.offset if place else 0
        missing = [(first, batch) for first, batch in room.held_batches() if first + batch.count - 1 > known]
        last = len(missing) - 1
        for number, (first, batch) in enumerate(missing):
            part = batch.slice(max(0, known + 1 - first), batch.count)
            then_at = place.epoch if place and number == last else None
            self._restores.append(_GivingBack(room, epoch, max(first, known + 1), part, then_at))

    def _go_on(self, room: RoomSpool | None, epoch: str) -> None:
        if room is not None and epoch:
            room.go_on_as(epoch)

    def _refused(self, identity: int | str | None, room_name: str | None, reason: str) -> None:
        if identity is None and room_name is not None:
            return  # not of a batch
        if identity is None and self._is_greeting:
            self._welcome(dict.fromkeys(self._asked, "other"), {})
            return
        if identity is None:  # the hub could not even read the message; it answers in order
            identity = next(iter(self._awaited), None)
        room = self._answered(identity) if identity is not None else None
        if room is None:
            return
        if isinstance(identity, int):
            room.refuse(identity, reason)
        else:
            self._lose_place(room)

    def _put_off(self, identity: int | str | None, wait_s: float) -> None:
        """The hub takes it later; what is to be restored is offered again on the next connection."""
        room = self._answered(identity) if identity is not None else None
        if room is not None and isinstance(identity, int):
            room.put_off()
            self._ready[room.name] = room
            self._pace.put_off(wait_s)

    def _lose_place(self, room: RoomSpool) -> None:
        self._restores = deque(restore for restore in self._restores if restore.room is not room)
        room.lose_place()

    # Space

    def _room(self, name: str) -> RoomSpool:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = RoomSpool(name, self._batch_bound)
        return room

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        """Cut so that each travels well: by halves, since long texts may lie close together."""
        if batch.count > 1 and (batch.nbytes > self._batch_bound or batch.count > limits.PUBLISH_BATCH_RECORDS):
            middle = batch.count // 2
            yield from self._parts(batch.slice(0, middle))
            yield from self._parts(batch.slice(middle, batch.count))
        elif batch.count:
            yield batch

    def _keep_bound(self) -> None:
        while self.nbytes > self._bound and (self._drop_kept() or self._drop_unsent()):
            pass

    def _drop_kept(self) -> bool:
        room = max((room for room in self._rooms.values() if room.kept), key=_kept_bytes, default=None)
        if room is None:
            return False
        room.kept.popleft()
        return True

    def _drop_unsent(self) -> bool:
        room = max((room for room in self._rooms.values() if room.unsent), key=_waiting_bytes, default=None)
        if room is None:
            return False
        batch = room.unsent.popleft()
        room.lost += batch.count
        self._ready[room.name] = room
        return True


def _kept_bytes(room: RoomSpool) -> int:
    return room.kept.nbytes


def _waiting_bytes(room: RoomSpool) -> int:
    return room.waiting_bytes
