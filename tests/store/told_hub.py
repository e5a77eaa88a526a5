"""A hub, what it told its journal, and how it looks to who keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from livedash.core.hub import Hub
from livedash.core.journal import Entry
from livedash.core.kept import KeptRoom, continued_as, kept_of, room_of
from livedash.core.origin import Origin
from livedash.core.publishers import Request
from livedash.store.contract import Kept
from livedash.wire.batch import Batch
from livedash.wire.position import Position


class ToldHub:
    """`entries` are those that nobody took yet."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self.new_id = new_id
        self.hub = self._new_hub()
        self.entries: list[Entry] = []

    def push(
        self,
        *records: dict[str, Any],
        room: str = "train",
        origin: tuple[str, int] | None = None,
        request: Request | None = None,
        now_us: int = 0,
    ) -> Position:
        batch = Batch.from_records(records, [now_us] * len(records))
        publisher, seq = origin or (None, None)
        return self.hub.publish(room, batch, now_us, 0.0, Origin(publisher, seq, request=request))

    def push_numbers(self, first: int, last: int, room: str = "train") -> None:
        """A batch for each."""
        for number in range(first, last + 1):
            self.push({"n": number}, room=room)

    def take(self) -> list[Entry]:
        taken, self.entries = self.entries, []
        return taken

    def begin_again(self, kept: Kept) -> None:
        """Another hub, with what was kept of this one; what it told and nobody wrote is lost."""
        self.entries = []
        self.hub = self._new_hub()
        rooms = kept.rooms if kept.is_clean else [continued_as(room, self.new_id()) for room in kept.rooms]
        for name, former in kept.deleted.items():
            self.hub.deleted.remember(name, former)
        self.hub.adopt([room_of(room) for room in rooms], 0)

    def looks(self) -> dict[str, Any]:
        """All rooms as plain values; batches as records, since neighbours may have been joined."""
        return looks(kept_of(room) for room in self.hub.rooms.values())

    def _new_hub(self) -> Hub:
        hub = Hub(self.new_id)
        hub.journal.keeper = self._note
        return hub

    def _note(self, entry: Entry) -> None:
        self.entries.append(entry)


def looks(rooms: Iterable[KeptRoom]) -> dict[str, Any]:
    return {
        room.header.name: {
            "epoch": room.header.epoch,
            "settings": room.header.settings,
            "former": dict(room.header.former),
            "continued": dict(room.header.continued),
            "first": room.first,
            "top": room.top,
            "records": [repr(record) for batch in room.batches for record in batch.records()],
            "times": [time for batch in room.batches for time in batch.times_us()],
            "latest": [repr(batch.records()) for batch in room.latest],
            "answers": sorted((answer.publisher, answer.seq, answer.position.offset) for answer in room.answers),
            "dropped": dict(room.dropped or {}),
        }
        for room in sorted(rooms, key=lambda room: room.header.name)
    }
