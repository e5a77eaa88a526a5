"""Positions of records and cursors of readers, and their texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from livedash import limits
from livedash.errors import CursorRefusedError, NameRefusedError
from livedash.wire import names

NO_EPOCH = "0"  # of a room that does not exist yet
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_ENTRY = re.compile(r"(?P<room>[^:,]+):(?P<epoch>[a-z0-9]{1,16})-(?P<offset>[0-9]{1,16})")
MAX_OFFSET = 2**53 - 1


def is_epoch(text: str) -> bool:
    return _EPOCH.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a room's stream: `offset` records of `epoch` lie before or at it. Never compare across epochs."""

    epoch: str = NO_EPOCH
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"

    @property
    def exists(self) -> bool:
        return self.epoch != NO_EPOCH


START = Position()


@dataclass(frozen=True, slots=True)
class Cursor:
    """The positions of one reader in all its rooms: `room:epoch-offset`, joined by commas; the SSE `id`."""

    positions: Mapping[str, Position]

    def __str__(self) -> str:
        return ",".join(f"{room}:{position}" for room, position in self.positions.items())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises CursorRefusedError: a header or query that is no cursor, whoever made it up."""
        if len(text) > limits.CURSOR_BYTES:
            raise CursorRefusedError(
                f"a cursor has {limits.CURSOR_BYTES} bytes at most; read so many rooms over the WebSocket"
            )
        positions: dict[str, Position] = {}
        for entry in text.split(","):
            found = _ENTRY.fullmatch(entry)
            if found is None or int(found["offset"]) > MAX_OFFSET:
                raise CursorRefusedError(f"{entry[:60]!r} is no position; a cursor looks like 'train:k3x9-41'")
            try:
                positions[names.checked_room(found["room"])] = Position(found["epoch"], int(found["offset"]))
            except NameRefusedError as error:
                raise CursorRefusedError(f"the cursor names no room: {error}") from error
        return cls(positions)
