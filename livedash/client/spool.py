"""What a publisher holds: records not sent, records not acknowledged, and acknowledged ones that it could give back.

Pure: it takes batches and a hub's answers, and gives the messages to send. All batches together have one bound in
bytes, which rooms share fairly. When it is hit, acknowledged records go first (they lie in the hub), then the oldest
unsent ones of the room that holds the most; those are lost, and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from livedash import limits
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import (
    Acquaintance,
    ClientMessage,
    Error,
    Held,
    Hello,
    Lost,
    Publish,
    Published,
    Restore,
    Welcome,
)

_MERGE_BELOW: Final = 1024  # records: small batches that wait for a hub are joined up to here
_RESTORE_ID: Final = "restore"


@dataclass(frozen=True, slots=True)
class _Waiting:
    seq: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class _Kept:
    """Acknowledged: its first record has the offset `first`."""

    first: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class RoomSpoolStatistics:
    """Records."""

    room: str
    pushed: int
    acknowledged: int
    waiting: int
    lost: int
    refused: int
    reason: str | None  # of the last refusal


@dataclass(slots=True)
class _Room:
    name: str
    waiting: deque[_Waiting] = field(default_factory=deque)
    in_flight: int = 0  # how many of `waiting`, from the left, were sent on this connection
    kept: deque[_Kept] = field(default_factory=deque)
    epoch: str | None = None
    top: int = 0  # the last acknowledged offset
    is_alone: bool = False  # all offsets of the epoch so far are ours
    nbytes: int = 0
    pushed: int = 0
    acknowledged: int = 0
    lost: int = 0
    told_lost: int = 0
    refused: int = 0
    reason: str | None = None

    def statistics(self) -> RoomSpoolStatistics:
        waiting = sum(entry.batch.count for entry in self.waiting)
        return RoomSpoolStatistics(
            self.name, self.pushed, self.acknowledged, waiting, self.lost, self.refused, self.reason
        )

    def held(self) -> Held | None:
        """What could be given back to a hub that forgot the room."""
        if not self.is_alone or self.epoch is None or not self.kept:
            return None
        return Held(self.epoch, self.kept[0].first, self.top)

    def forget_kept(self) -> int:
        """Another publisher, or another epoch: nothing can be given back. How many bytes that frees."""
        freed = sum(entry.batch.nbytes for entry in self.kept)
        self.kept.clear()
        self.nbytes -= freed
        return freed


class Spool:
    """Of one publisher. `publisher` is its id at the hub."""

    def __init__(self, publisher: str, bound_bytes: int = limits.PUBLISHER_BUFFER_BYTES) -> None:
        self.publisher = publisher
        self._bound = bound_bytes
        self._rooms: dict[str, _Room] = {}
        self._of_seq: dict[int, _Room] = {}
        self._next_seq = 1
        self._nbytes = 0
        self._in_flight = 0
        self._is_welcome = False
        self._to_restore: deque[tuple[_Room, _Kept]] = deque()

    # From the publisher

    def add(self, name: str, batch: Batch) -> None:
        """Puts records behind those that wait."""
        room = self._rooms.setdefault(name, _Room(name))
        room.pushed += batch.count
        last = room.waiting[-1] if len(room.waiting) > room.in_flight else None
        if last is not None and last.batch.count + batch.count <= _MERGE_BELOW:
            room.waiting[-1] = _Waiting(last.seq, Batch.concat([last.batch, batch]))
            self._grow(room, room.waiting[-1].batch.nbytes - last.batch.nbytes)
        else:
            room.waiting.append(_Waiting(self._next_seq, batch))
            self._of_seq[self._next_seq] = room
            self._next_seq += 1
            self._grow(room, batch.nbytes)
        self._keep_bound()

    @property
    def is_empty(self) -> bool:
        """True if all that was added is acknowledged, refused or lost."""
        return not self._of_seq

    @property
    def in_flight(self) -> int:
        """Batches that were sent and are not answered."""
        return self._in_flight

    # The connection

    def begin(self) -> Hello:
        """A new connection: its first message. Nothing more may be sent before the welcome."""
        self.end()
        held = {name: held for name, room in self._rooms.items() if (held := room.held()) is not None}
        return Hello(self.publisher, held)

    def end(self) -> None:
        """The connection is gone: what was not acknowledged is sent again, with the same numbers."""
        self._is_welcome = False
        self._in_flight = 0
        self._to_restore.clear()
        for room in self._rooms.values():
            room.in_flight = 0
            room.told_lost = 0

    def take(self) -> Iterator[ClientMessage]:
        """What to send now; each message that is taken counts as sent."""
        if not self._is_welcome:
            return
        while self._to_restore and self._in_flight < limits.PUBLISHER_IN_FLIGHT:
            room, kept = self._to_restore.popleft()
            self._in_flight += 1
            yield _restore(room, kept)
        if self._to_restore:
            return  # its own records must not come before those that they follow
        for room in self._rooms.values():
            if room.lost > room.told_lost:
                room.told_lost = room.lost
                yield Lost(room.name, self.publisher, room.lost)
            while room.in_flight < len(room.waiting) and self._in_flight < limits.PUBLISHER_IN_FLIGHT:
                entry = room.waiting[room.in_flight]
                room.in_flight += 1
                self._in_flight += 1
                yield self._publish(room, entry)

    def receive(self, message: Published | Error | Welcome) -> None:
        """An answer of the hub."""
        match message:
            case Welcome(rooms):
                self._welcome(rooms)
            case Published(epoch, offset, int(seq)):
                self._acknowledge(seq, epoch, offset)
            case Error(code, text, int(seq)):
                self._refuse(seq, f"{code}: {text}")
            case Published(_, _, str()):
                self._in_flight -= 1
            case Error(_, _, str(identity), room) if identity == _RESTORE_ID:
                self._in_flight -= 1
                self._stop_restoring(room or "")

    def statistics(self) -> tuple[RoomSpoolStatistics, ...]:
        return tuple(room.statistics() for room in self._rooms.values())

    @property
    def nbytes(self) -> int:
        return self._nbytes

    def _welcome(self, rooms: dict[str, Acquaintance]) -> None:
        self._is_welcome = True
        for name, acquaintance in rooms.items():
            room = self._rooms[name]
            if acquaintance == "unknown":
                self._to_restore += [(room, kept) for kept in room.kept]
            elif acquaintance == "other":
                self._lose_place(room)

    def _stop_restoring(self, name: str) -> None:
        """The hub has the room from somebody else by now."""
        self._to_restore = deque(entry for entry in self._to_restore if entry[0].name != name)
        if name in self._rooms:
            self._lose_place(self._rooms[name])

    def _lose_place(self, room: _Room) -> None:
        room.is_alone = False
        room.epoch = None
        self._nbytes -= room.forget_kept()

    def _acknowledge(self, seq: int, epoch: str, offset: int) -> None:
        found = self._taken_out(seq)
        if found is None:
            return
        room, batch = found
        room.acknowledged += batch.count
        first = offset - batch.count + 1
        if epoch != room.epoch:
            self._nbytes -= room.forget_kept()
            room.epoch, room.top, room.is_alone = epoch, 0, True
        if not room.is_alone or first != room.top + 1:
            room.is_alone = False
            self._nbytes -= room.forget_kept()
            return
        room.top = offset
        room.kept.append(_Kept(first, batch))
        self._grow(room, batch.nbytes)
        self._keep_bound()

    def _refuse(self, seq: int, reason: str) -> None:
        found = self._taken_out(seq)
        if found is not None:
            room, batch = found
            room.refused += batch.count
            room.reason = reason

    def _taken_out(self, seq: int) -> tuple[_Room, Batch] | None:
        """Removes an answered batch. Answers come in order, so it is nearly always the first."""
        room = self._of_seq.pop(seq, None)
        if room is None:
            return None
        for index, entry in enumerate(room.waiting):
            if entry.seq == seq:
                del room.waiting[index]
                if index < room.in_flight:
                    room.in_flight -= 1
                    self._in_flight -= 1
                self._grow(room, -entry.batch.nbytes)
                return room, entry.batch
        return None

    def _grow(self, room: _Room, nbytes: int) -> None:
        room.nbytes += nbytes
        self._nbytes += nbytes

    def _keep_bound(self) -> None:
        while self._nbytes > self._bound and (self._drop_kept() or self._drop_waiting()):
            pass

    def _drop_kept(self) -> bool:
        holding = [room for room in self._rooms.values() if room.kept]
        if not holding:
            return False
        room = max(holding, key=lambda candidate: candidate.nbytes)
        self._grow(room, -room.kept.popleft().batch.nbytes)
        return True

    def _drop_waiting(self) -> bool:
        holding = [room for room in self._rooms.values() if len(room.waiting) > 1]
        if not holding:
            return False
        room = max(holding, key=lambda candidate: candidate.nbytes)
        index = min(room.in_flight, len(room.waiting) - 1)
        entry = room.waiting[index]
        del room.waiting[index]
        if index < room.in_flight:
            room.in_flight -= 1
            self._in_flight -= 1
        del self._of_seq[entry.seq]
        self._grow(room, -entry.batch.nbytes)
        room.lost += entry.batch.count
        return True

    def _publish(self, room: _Room, entry: _Waiting) -> Publish:
        fields = MSGPACK.batch_fields(entry.batch, "columns")
        return Publish(room.name, id=entry.seq, publisher=self.publisher, seq=entry.seq, **fields)


def _restore(room: _Room, kept: _Kept) -> Restore:
    fields = MSGPACK.batch_fields(kept.batch, "columns")
    return Restore(room.name, room.epoch or "", kept.first, id=_RESTORE_ID, **fields)
