"""Which sources fail now, room by room, as the publishers that run them say; what they fail with is for people."""

from __future__ import annotations

from dataclasses import dataclass

from livedash import limits
from livedash.errors import LimitReachedError


@dataclass(frozen=True, slots=True)
class _Source:
    """`publisher` is whatever tells one connection from another: what fails there ends with it."""

    publisher: object
    name: str


class FailingSources:
    """Bounded in all; a room need not exist, since a source may fail before its first record."""

    __slots__ = ("_rooms", "count")

    def __init__(self) -> None:
        self._rooms: dict[str, dict[_Source, str]] = {}
        self.count = 0

    def of(self, room: str) -> dict[str, str]:
        """The error of each failing source by its name; of two with one name, that of the one that failed last."""
        return {source.name: error for source, error in self._rooms.get(room, {}).items()}

    def note(self, publisher: object, room: str, name: str, error: str | None) -> bool:
        """`error` None: it does not fail any more. True if that is news. Raises LimitReachedError."""
        source = _Source(publisher, name[: limits.FAILING_CHARACTERS])
        if error is None:
            return self._forget(room, source)
        error = error[: limits.FAILING_CHARACTERS]
        failing = self._rooms.get(room, {})
        if failing.get(source) == error:
            return False
        if source not in failing and self.count >= limits.FAILING_SOURCES:
            raise LimitReachedError(f"this hub tells of {limits.FAILING_SOURCES} failing sources already")
        self._forget(room, source)
        self._rooms.setdefault(room, {})[source] = error
        self.count += 1
        return True

    def forget_publisher(self, publisher: object) -> list[str]:
        """Its connection has ended; the rooms where that is news."""
        gone = [
            (room, source)
            for room, sources in self._rooms.items()
            for source in sources
            if source.publisher is publisher
        ]
        for room, source in gone:
            self._forget(room, source)
        return list(dict.fromkeys(room for room, _ in gone))

    def _forget(self, room: str, source: _Source) -> bool:
        failing = self._rooms.get(room, {})
        if failing.pop(source, None) is None:
            return False
        self.count -= 1
        if not failing:
            del self._rooms[room]
        return True
