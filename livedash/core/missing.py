"""What a hub knows and another one's rooms lack, as it can be given to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from livedash.core.hub import Hub
from livedash.core.kept import KeptAnswer
from livedash.core.rescue import Author, Rescued
from livedash.core.room import Room

Authors = Mapping[str, Iterable[tuple[str, Author]]]


def missing_in(there: Hub, here: Hub, authors: Authors) -> Iterator[Rescued]:
    """What `here` has beyond what goes on `there`; nothing of rooms that were cleared or deleted there.

    `authors`: of each room here, in which epoch whose records came.
    """
    for name, room in list(here.rooms.items()):
        known_to = _known_to(there, name, room)
        if known_to is not None and known_to < room.history.top:
            yield _rescued(room, known_to, authors.get(name, ()))


def _known_to(there: Hub, name: str, room: Room) -> int | None:
    """Up to which offset; None: the epoch has ended there."""
    found = there.rooms.get(name)
    if found is None:
        return None if there.deleted.why_ended(name, room.epoch) else 0
    if found.epoch == room.epoch:
        return found.history.top
    return None if room.epoch in found.former else found.continued.get(room.epoch, 0)


def _rescued(room: Room, known_to: int, authors: Iterable[tuple[str, Author]]) -> Rescued:
    """Authors and answers are also those of records that the room has dropped since: they must not come again."""
    first = max(known_to + 1, room.history.first)
    batches = tuple(part.batch for part in room.history.read(first - 1, room.history.nbytes + 1))
    answers = tuple(
        KeptAnswer(publisher, seq, position)
        for publisher, seq, position in room.publishers.answers()
        if position.epoch != room.epoch or position.offset > known_to
    )
    known = tuple(author for epoch, author in authors if _goes_on(room, epoch, author.last) and author.last > known_to)
    latest = tuple(room.keyed.rows.values()) if room.keyed is not None else ()
    return Rescued(room.name, room.epoch, first, batches, known, answers, msgspec.structs.asdict(room.settings), latest)


def _goes_on(room: Room, epoch: str, offset: int) -> bool:
    """True if the record at that offset of the epoch is the one that lies there now."""
    return epoch == room.epoch or offset <= room.continued.get(epoch, 0)
