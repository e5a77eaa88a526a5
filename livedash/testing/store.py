"""A store in memory, which fails when it is told to: a plain model of what the entries of a hub's journal mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from livedash.core.journal import Appended, Deleted, Described, Entry, Lost, Trimmed, Whole
from livedash.core.kept import KeptAnswer, KeptRoom, RoomHeader
from livedash.store.contract import Kept, KeptRequest
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason
from livedash.wire.position import Position


@dataclass
class _Shelf:
    header: RoomHeader
    first: int = 1
    held_from: int = 1
    batches: list[Batch] = field(default_factory=list)
    latest: dict[Any, Batch] = field(default_factory=dict)
    answers: list[KeptAnswer] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    def kept(self) -> KeptRoom:
        """Without what was trimmed."""
        first, held = self.first, []
        for batch in self.batches:
            held.append(batch.slice(self.held_from - first, batch.count))
            first += batch.count
        batches = tuple(batch for batch in held if batch.count)
        rest = (tuple(self.latest.values()), tuple(self.answers), dict(self.dropped))
        return KeptRoom(self.header, self.held_from, batches, *rest)


class MemoryStore:
    """Store. While `is_failing` it takes nothing; `forget` empties it. What it holds outlives `close`."""

    path = "memory"

    def __init__(self) -> None:
        self.is_failing = False
        self.is_open = False
        self.is_complete = True
        self.written: list[Entry] = []
        self.writes = 0
        self._shelves: dict[str, _Shelf] = {}
        self._deleted: dict[str, dict[str, GapReason]] = {}
        self._requests: list[KeptRequest] = []

    def open(self) -> bool:
        self._check()
        self.is_open = True
        return bool(self._shelves or self._deleted)

    def load(self) -> Kept:
        self._check()
        rooms = tuple(shelf.kept() for shelf in self._shelves.values())
        kept = Kept(rooms, dict(self._deleted), tuple(self._requests), self.is_complete)
        self.is_complete = False
        return kept

    def write(self, entries: Sequence[Entry]) -> None:
        self._check()
        if not self.is_open:
            raise OSError("the store is not open")
        for entry in entries:
            self._apply(entry)
        self.written += entries
        self.writes += 1

    def sync(self) -> None:
        self._check()

    def size_bytes(self) -> int:
        return sum(batch.nbytes for shelf in self._shelves.values() for batch in shelf.batches)

    def close(self, *, is_complete: bool) -> None:
        self.is_complete = is_complete
        self.is_open = False

    def forget(self) -> None:
        self._shelves.clear()
        self._deleted.clear()

    def _check(self) -> None:
        if self.is_failing:
            self.is_open = False
            raise OSError("no space left on device")

    def _apply(self, entry: Entry) -> None:
        match entry:
            case Appended():
                self._append(entry)
            case Described(header):
                self._describe(header, 1)
            case Trimmed(room, held_from):
                self._shelves[room].held_from = held_from
            case Deleted(room, former):
                self._shelves.pop(room, None)
                if former is not None:
                    self._deleted[room] = dict(former)
            case Lost(room, publisher, dropped):
                self._shelves[room].dropped[publisher] = dropped
            case Whole(kept):
                self._replace(kept)

    def _append(self, entry: Appended) -> None:
        if entry.header is not None:
            self._describe(entry.header, entry.first)
        shelf = self._shelves[entry.room]
        assert entry.first == shelf.first + sum(batch.count for batch in shelf.batches)
        shelf.batches.append(entry.batch)
        shelf.held_from = entry.held_from
        last = entry.first + entry.batch.count - 1
        if entry.changes is not None:
            entry.changes.apply_to(shelf.latest)
        if entry.publisher is not None and entry.seq is not None:
            shelf.answers.append(KeptAnswer(entry.publisher, entry.seq, Position(entry.epoch, last)))
        if entry.request is not None:
            request = KeptRequest(entry.room, entry.request, Position(entry.epoch, last), entry.at_us / 1_000_000)
            self._requests.append(request)

    def _describe(self, header: RoomHeader, first: int) -> None:
        self._deleted.pop(header.name, None)
        shelf = self._shelves.get(header.name)
        if shelf is None:
            self._shelves[header.name] = _Shelf(header, first, first)
            return
        if shelf.header.epoch != header.epoch and shelf.header.epoch not in header.continued:
            shelf.first = shelf.held_from = first
            shelf.batches, shelf.latest = [], {}
        shelf.header = header

    def _replace(self, kept: KeptRoom) -> None:
        self._deleted.pop(kept.header.name, None)
        shelf = _Shelf(kept.header, kept.first, kept.first, list(kept.batches))
        field_name = kept.header.settings.key or ""
        shelf.latest = {row.columns[field_name].python_values()[0]: row for row in kept.latest}
        shelf.answers, shelf.dropped = list(kept.answers), dict(kept.dropped or {})
        self._shelves[kept.header.name] = shelf
