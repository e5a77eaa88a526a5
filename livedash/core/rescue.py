"""What another hub still held of a log that lost it, taken in again: at its own offsets where nobody has taken them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from livedash.core.hub import Hub
from livedash.core.kept import KeptAnswer
from livedash.core.room import Room
from livedash.wire.batch import Batch
from livedash.wire.position import Position


class Rescued(msgspec.Struct, frozen=True, array_like=True):
    """`batches` follow each other from the offset `first` of `epoch` on; `answers` are the publishers' for them."""

    room: str
    epoch: str
    first: int
    batches: tuple[Batch, ...]
    answers: tuple[KeptAnswer, ...] = ()
    settings: Mapping[str, Any] | None = None

    @property
    def last(self) -> int:
        return self.first - 1 + sum(batch.count for batch in self.batches)


def rescue(hub: Hub, what: Rescued, known_to: int, now_us: int, now_s: float, new_epoch: str) -> Position:
    """Where its last record lies now. `known_to`: the last offset of the epoch that was rescued before, 0 for none.

    Records whose offsets others have taken meanwhile come last, as new ones. Raises LivedashError for what a keyed room
    does not take.
    """
    room = hub.rooms.get(what.room)
    is_new = begins = room is None
    if room is None:
        room = hub.begin_room(what.room, new_epoch, what.settings, top=what.first - 1)
        room.note_continued(what.epoch, what.first - 1)
    upto = room.continued.get(what.epoch, -1)
    keeps_place = upto == room.history.top
    moved_by = 0 if keeps_place else room.history.top - max(upto, known_to, what.first - 1)
    offset = what.first - 1
    for batch in what.batches:
        known = min(batch.count, max(0, max(upto, known_to) - offset))
        offset += batch.count
        if known < batch.count:
            continued = what.epoch if keeps_place else None
            hub.append_to(room, batch.slice(known, batch.count), now_us, is_new=is_new, continued=continued)
            is_new = False
    _remember(room, what.answers, max(upto, known_to), moved_by)
    hub.tell_change(what.room, begins, now_s)
    return room.position


def _remember(room: Room, answers: tuple[KeptAnswer, ...], known_to: int, moved_by: int) -> None:
    for answer in answers:
        if answer.position.offset > known_to and room.publishers.answer(answer.publisher, answer.seq) is None:
            position = Position(room.epoch, answer.position.offset + moved_by)
            room.publishers.remember(answer.publisher, answer.seq, position)
