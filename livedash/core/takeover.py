"""What a room may be given back of what a former hub acknowledged, and what not: offsets never come to mean other records."""

from __future__ import annotations

from livedash.core.room import Room
from livedash.errors import ConflictError, ProtocolError
from livedash.wire.messages import Acquaintance, Held
from livedash.wire.position import MAX_OFFSET, NO_EPOCH, is_epoch


def check_position(epoch: str, first: int, count: int) -> None:
    """Raises ProtocolError for what no hub ever acknowledged."""
    if not is_epoch(epoch) or epoch == NO_EPOCH or not 1 <= first <= MAX_OFFSET - count:
        raise ProtocolError(f"{epoch[:20]!r} and {first} are no epoch and offset of records that a hub acknowledged")


def acquaintance(room: Room, held: Held) -> Acquaintance:
    """What the room is to a publisher that was the only one in `held.epoch`."""
    if held.epoch == room.epoch:
        return "known" if room.history.top >= held.last else "unknown"
    upto = room.continued.get(held.epoch)
    if upto is None:
        return "other"
    if held.last <= upto:
        return "known"
    return "unknown" if held.first <= upto + 1 and upto == room.history.top else "other"


def held_already(room: Room, epoch: str, first: int, count: int) -> int:
    """How many of `count` records, from `first` of `epoch` on, the room holds; the others may be appended.

    Raises ConflictError where it has another epoch, a hole would be left, or other records have their offsets.
    """
    top = room.history.top
    upto = top if epoch == room.epoch else room.continued.get(epoch, -1)
    known = upto - first + 1
    if upto < 0 or known < 0 or (known < count and upto != top):
        raise ConflictError(f"room {room.name!r} is at {room.position}, so {epoch}-{first} can't be restored")
    return known
