"""What a reader at the far end of a transport can do and hear, whichever transport it is.

A peer drives the transport's own code. What the hub sends to it lies on the line until it is carried; a cut loses what was
not. It keeps its cursor as a client of that transport does: the last id, the last answer's cursor, or a position a room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from livedash.core.reading import Reading
from livedash.transports.conversation import reading_of
from livedash.transports.viewer import Stage
from livedash.wire.messages import Mode, Shape
from livedash.wire.position import Position


@dataclass(frozen=True, slots=True)
class Wish:
    """A room or glob to read, and how."""

    room: str
    since: str = "now"
    shape: Shape = "records"
    mode: Mode = "all"
    max_hz: float | None = None
    window: int | None = None

    def reading(self) -> Reading:
        return reading_of(self.shape, self.mode, self.max_hz, self.window)


@dataclass(frozen=True, slots=True)
class Began:
    """The reader stands at `position`, and was given nothing yet."""

    room: str
    position: Position


@dataclass(frozen=True, slots=True)
class Records:
    """`position` is that of the last record; `skipped` were left out on the way to it."""

    room: str
    position: Position
    records: list[dict[str, Any]]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """A snapshot: it replaces what the reader holds."""

    room: str
    position: Position
    records: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Missed:
    """A gap."""

    room: str
    reason: str
    start: int | None
    stop: int | None


Heard = Began | Records | State | Missed


def note_key(keys: dict[str, str], room: str, key: str | None) -> None:
    """The hub said what the key of a room is, or (None) that it has none."""
    keys.pop(room, None)
    if key is not None:
        keys[room] = key


class Peer(Protocol):
    """One reader of one hub at a time, that of `stage`. Nothing is heard but by `carry`."""

    stage: Stage
    keys: dict[str, str]  # of the keyed rooms, as it was told

    @property
    def cursor(self) -> str:
        """What `open` goes on from; "": nothing."""

    @property
    def is_open(self) -> bool:
        """False before `open`, after `cut`, and when the hub has ended the connection."""

    def open(self, wishes: Sequence[Wish]) -> None:
        """Connects, and goes on from the cursor where there is one."""

    def wish(self, wishes: Sequence[Wish]) -> None:
        """Other rooms or other policies from now on: in the open connection where the transport can, else by a new one."""

    def carry(self, share: float) -> list[Heard]:
        """This share of what lies on the line reaches the reader, 1.0: all. Streams are cut at any byte by a smaller one."""

    def cut(self) -> None:
        """The connection is gone, with all that was not carried."""

    def forge(self, cursor: str) -> None:
        """Goes on from this cursor the next time, whatever it is."""
