"""A room as it is kept beyond its hub's life, and a room made of that again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason
from livedash.wire.position import Position


@dataclass(frozen=True, slots=True)
class RoomHeader:
    """All of a room but what it holds. `former`, `continued` and `owed_top` as in Room, `only` as in Publishers."""

    name: str
    epoch: str
    settings: RoomSettings
    former: Mapping[str, GapReason]
    continued: Mapping[str, int]
    only: str | None = None
    owed_top: int = 0


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A publisher's batch and the position that it got."""

    publisher: str
    seq: int
    position: Position


@dataclass(frozen=True, slots=True)
class KeptRoom:
    """`batches` follow each other without a hole from the offset `first` on; `latest` is a batch of one for each key.

    `answers` are in the order in which they were given.
    """

    header: RoomHeader
    first: int
    batches: tuple[Batch, ...] = ()
    latest: tuple[Batch, ...] = ()
    answers: tuple[KeptAnswer, ...] = ()
    dropped: Mapping[str, int] | None = None

    @property
    def top(self) -> int:
        return self.first - 1 + sum(batch.count for batch in self.batches)

    @property
    def nbytes(self) -> int:
        return sum(batch.nbytes for batch in self.batches) + sum(batch.nbytes for batch in self.latest)


def header_of(room: Room) -> RoomHeader:
    epochs = (dict(room.former), dict(room.continued))
    return RoomHeader(room.name, room.epoch, room.settings, *epochs, room.publishers.only, room.owed_top)


def kept_of(room: Room) -> KeptRoom:
    """The room as it is now: its batches are shared, not copied."""
    return KeptRoom(
        header_of(room),
        room.history.first,
        room.history.batches(),
        tuple(room.keyed.rows.values()) if room.keyed else (),
        tuple(KeptAnswer(*answer) for answer in room.publishers.answers()),
        room.publishers.dropped_by_each(),
    )


def room_of(kept: KeptRoom) -> Room:
    """Raises ValueRefusedError where `latest` holds a record without the room's key."""
    header = kept.header
    room = Room(header.name, header.epoch, header.settings, top=kept.first - 1)
    for batch in kept.batches:
        room.history.append(batch)
    if room.keyed is not None:
        room.keyed.load(kept.latest)
    for epoch, reason in header.former.items():
        room.note_former(epoch, reason)
    for epoch, upto in header.continued.items():
        room.note_continued(epoch, upto)
    for publisher, dropped in (kept.dropped or {}).items():
        room.publishers.note_dropped(publisher, dropped)
    if header.only is not None:
        room.publishers.note_author(header.only, None, is_first=True)
    room.owed_top = header.owed_top
    for answer in kept.answers:
        room.publishers.remember(answer.publisher, answer.seq, room.place_of(answer.position))
    return room


def continued_as(kept: KeptRoom, epoch: str) -> KeptRoom:
    """The room of a hub that ended without a word, for the next hub.

    What that hub acknowledged or showed to viewers last may be missing here, so no record that comes now may get a
    position that another one may have had: the epoch is a new one. Up to the top, its records are those of the old one.
    """
    header = kept.header
    continued = {former: min(upto, kept.top) for former, upto in header.continued.items()}
    return replace(
        kept, header=replace(header, epoch=epoch, continued={**continued, header.epoch: kept.top}, owed_top=0)
    )
