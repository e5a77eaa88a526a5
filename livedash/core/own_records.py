"""The records that a viewer published itself and does not want back (`echo: false`)."""

from __future__ import annotations

from collections import deque

from livedash.core.history import Stored
from livedash.wire.position import NO_EPOCH, Position


class OwnRecords:
    """Of one viewer in one room, by their offsets."""

    __slots__ = ("_epoch", "_spans")

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int]] = deque()
        self._epoch = NO_EPOCH  # of the spans: who waits for a room may see several begin

    def add(self, last: Position, count: int) -> None:
        """`count` records up to `last`."""
        if last.epoch != self._epoch:
            self._spans.clear()
            self._epoch = last.epoch
        first = last.offset - count + 1
        if self._spans and self._spans[-1][1] + 1 == first:
            first, _ = self._spans.pop()
        self._spans.append((first, last.offset))

    def clear(self) -> None:
        self._spans.clear()

    def passed(self, epoch: str, offset: int) -> int:
        """Where a reader at `offset` stands after those of them that come next."""
        if self._epoch != epoch:
            self._spans.clear()
        while self._spans and self._spans[0][0] <= offset + 1:
            _, last = self._spans.popleft()
            offset = max(offset, last)
        return offset

    def before_next(self, parts: list[Stored]) -> list[Stored]:
        """What comes before the next of them."""
        if not self._spans:
            return parts
        stop = self._spans[0][0]
        return [
            Stored(part.first, part.batch.slice(0, stop - part.first)) if part.last >= stop else part
            for part in parts
            if part.first < stop
        ]
