"""What another hub still held of a log that lost it, taken in again: at its own offsets where nobody has taken them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from livedash.core.hub import Hub
from livedash.core.kept import KeptAnswer
from livedash.core.room import Room
from livedash.wire.batch import Batch
from livedash.wire.position import Position


class Author(msgspec.Struct, frozen=True, array_like=True):
    """The entry of the former log whose last record lies at `last`: the number that `node` gave it."""

    last: int
    node: str
    number: int


class Rescued(msgspec.Struct, frozen=True, array_like=True):
    """`batches` follow each other from the offset `first` of `epoch` on; `answers` are the publishers' for them and for
    what the room had dropped before. `latest`: of a keyed room, a batch of one for each key.
    """

    room: str
    epoch: str
    first: int
    batches: tuple[Batch, ...]
    authors: tuple[Author, ...] = ()
    answers: tuple[KeptAnswer, ...] = ()
    settings: Mapping[str, Any] | None = None
    latest: tuple[Batch, ...] = ()

    @property
    def last(self) -> int:
        return self.first - 1 + sum(batch.count for batch in self.batches)


@dataclass(slots=True)
class _Group:
    """What came by one entry, as far as that is known; `last` is the offset of its last record in the former log."""

    last: int = 0
    batches: list[Batch] = field(default_factory=list)
    author: Author | None = None
    answer: KeptAnswer | None = None

    def is_in(self, room: Room) -> bool:
        """True for a publisher's batch that came by another entry as well."""
        answer = self.answer
        return answer is not None and room.publishers.answer(answer.publisher, answer.seq) is not None


def rescue(
    hub: Hub,
    what: Rescued,
    known_to: int,
    is_made: Callable[[Author], bool],
    now_us: int,
    now_s: float,
    new_epoch: str,
) -> list[Author]:
    """The entries that are made by it. `known_to`: the last offset of the epoch that was rescued before, 0 for none.

    Records whose offsets others have taken meanwhile come last, as new ones; those of entries that `is_made`, and
    batches that their publishers sent twice, are there already. A room that was cleared or deleted since stays so. Raises
    LivedashError for what a keyed room does not take.
    """
    room = hub.rooms.get(what.room)
    if hub.deleted.why_ended(what.room, what.epoch) or (room is not None and what.epoch in room.former):
        return []
    is_new = room is None
    if room is None:
        room = hub.begin_room(what.room, new_epoch, what.settings, top=what.first - 1)
        room.note_continued(what.epoch, what.first - 1)
    upto = room.continued.get(what.epoch, -1)
    continued = what.epoch if upto == room.history.top else None
    if continued is not None and what.first > upto + 1:  # what lay between was dropped there: here, too
        hub.skip(room, what.first - 1)
    made = [author for author in what.authors if author.last < what.first]
    made += _append(hub, room, what, max(upto, known_to), is_made, now_us, continued, is_new=is_new)
    if continued is not None and room.keyed is not None and room.history.top == what.last:
        hub.load_latest(room, what.latest)
    for answer in what.answers:
        if room.publishers.answer(answer.publisher, answer.seq) is None:
            room.publishers.remember(answer.publisher, answer.seq, room.place_of(answer.position))
    hub.tell_change(what.room, is_new, now_s)
    return made


def _append(
    hub: Hub,
    room: Room,
    what: Rescued,
    known_to: int,
    is_made: Callable[[Author], bool],
    now_us: int,
    continued: str | None,
    *,
    is_new: bool,
) -> Iterator[Author]:
    """What lies beyond `known_to`; whose entries that were."""
    for group in _groups(what, known_to):
        if group.is_in(room) or (group.author is not None and is_made(group.author)):
            continued = None  # what follows does not come at its own offsets
            continue
        for batch in group.batches:
            hub.append_to(room, batch, now_us, is_new=is_new, continued=continued)
            is_new = False
        if group.author is not None:
            yield group.author
        if group.answer is not None:
            position = Position(room.epoch, room.history.top)
            room.publishers.remember(group.answer.publisher, group.answer.seq, position)


def _groups(what: Rescued, known_to: int) -> Iterator[_Group]:
    """Without what lies at or before `known_to`."""
    authors = {author.last: author for author in what.authors}
    answers = {each.position.offset: each for each in what.answers if each.position.epoch == what.epoch}
    group, offset = _Group(), what.first - 1
    for batch in what.batches:
        known = min(batch.count, max(0, known_to - offset))
        offset += batch.count
        if known < batch.count:
            group.batches.append(batch.slice(known, batch.count))
        group.last, group.author, group.answer = offset, authors.get(offset), answers.get(offset)
        if group.author is not None or group.answer is not None:
            if group.batches:
                yield group
            group = _Group()
    if group.batches:
        yield group
