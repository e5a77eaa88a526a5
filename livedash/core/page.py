"""A page of a room's history, for who reads records without a stream."""

from __future__ import annotations

from dataclasses import dataclass

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.room import Room
from livedash.errors import CursorRefusedError, GoneError
from livedash.wire.batch import EMPTY, Batch, joinable
from livedash.wire.position import START, Position
from livedash.wire.since import After, BadCursor, Earliest, Last, Now, Snapshot, parse_since


@dataclass(frozen=True, slots=True)
class Page:
    """`position` is that of the last record, `first` the offset of the first; `batch` may be empty.

    Of a keyed room's state, `position` is that of the room, and `first` the offset of the oldest record held.
    """

    room: str
    position: Position
    first: int
    batch: Batch


def read_page(hub: Hub, name: str, since: str, limit: int) -> Page:
    """History from `since` on, `limit` records at most, fewer where they can't be joined: `position` says how far it goes.

    `snapshot` is the last records, or of a keyed room the latest record of each key, those that have been there longest.
    Raises NotFoundError for a room that does not exist, SettingRefusedError or CursorRefusedError for `since`.
    """
    room = hub.room(name)
    history = room.history
    if room.keyed is not None and isinstance(parse_since(since, name), Snapshot):
        return Page(name, room.position, history.first, room.snapshot(limit).slice(0, limit))
    after = _offset_after(since, room, limit)
    parts: list[Batch] = []
    count, offset = 0, after
    while count < limit and (stored := history.read(offset, limits.MESSAGE_BYTES)):
        for part in stored:
            if count < limit:
                parts.append(part.batch.slice(0, limit - count))
                count += parts[-1].count
        offset = after + count
    del parts[joinable(parts) :]
    last = after + sum(part.count for part in parts)
    return Page(name, Position(room.epoch, last), after + 1, Batch.concat(parts) if parts else EMPTY)


def _offset_after(since: str, room: Room, limit: int) -> int:
    name, top, before_first = room.name, room.position, room.history.first - 1
    match parse_since(since, name):
        case Earliest():
            return before_first
        case Last(count):
            return max(before_first, top.offset - count)
        case Now():
            return top.offset
        case After(position) if position == START:
            return before_first
        case After(position):
            return _resumed(room.place_of(position), name, top, before_first)
        case BadCursor():
            raise CursorRefusedError(f"since={since[:60]!r} is no cursor; a cursor looks like '{name}:{top}'")
        case _:
            return max(before_first, top.offset - limit)


def _resumed(position: Position, name: str, top: Position, before_first: int) -> int:
    if position.epoch != top.epoch or position.offset > top.offset or position.offset < before_first:
        raise GoneError(
            f"room {name!r} can't go on from {position}: it holds {top.epoch}-{before_first + 1} to {top}; "
            "read again from since=earliest"
        )
    return position.offset
