"""What a hub tells whoever keeps its rooms beyond its life: one entry for each change, which makes sense by itself.

Entries come in order. A keeper that has all of them up to one of them can bring the hub back as it was then; that it
writes them, where and when is its own business (livedash.store).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from livedash.core.kept import KeptRoom, RoomHeader, header_of
from livedash.core.keyed import KeyChanges
from livedash.core.publishers import Request
from livedash.core.room import Room
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason


@dataclass(frozen=True, slots=True)
class Described:
    """A room exists, or its settings or epochs changed. Another epoch that does not continue the last one empties it."""

    header: RoomHeader


@dataclass(frozen=True, slots=True)
class Appended:
    """Records came, from the offset `first` on; the room holds those from `held_from` on.

    `changes`: of a keyed room's latest records. `publisher` and `seq`, or `request`: who must not add these records again.
    `at_us`: when they came. `header` where it changed with them.
    """

    room: str
    epoch: str
    first: int
    batch: Batch
    held_from: int
    changes: KeyChanges | None = None
    publisher: str | None = None
    seq: int | None = None
    request: Request | None = None
    at_us: int = 0
    header: RoomHeader | None = None


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What lay before `held_from` is gone."""

    room: str
    held_from: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """The room is gone. `former`: its epochs and how each ended; None: it is not even remembered."""

    room: str
    former: Mapping[str, GapReason] | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A publisher lost `dropped` records of the room from its buffer, in all."""

    room: str
    publisher: str
    dropped: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A room as it is now, for a keeper that missed something of it."""

    room: KeptRoom


Entry = Described | Appended | Trimmed | Deleted | Lost | Whole
Keeper = Callable[[Entry], None]  # called on the hub's thread; must neither wait nor raise


class Journal:
    """A hub's: tells the keeper, where there is one."""

    __slots__ = ("keeper",)

    def __init__(self) -> None:
        self.keeper: Keeper | None = None

    def tell(self, entry: Entry) -> None:
        if self.keeper is not None:
            self.keeper(entry)

    def describe(self, room: Room) -> None:
        if self.keeper is not None:
            self.keeper(Described(header_of(room)))

    def tell_trimmed(self, room: Room, first_before: int) -> None:
        """If it was."""
        if self.keeper is not None and room.history.first != first_before:
            self.keeper(Trimmed(room.name, room.history.first))
