"""A hub whose epochs are known beforehand, its clock, and viewers of it."""

from __future__ import annotations

import itertools
from typing import Any

from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.core.session import Session
from livedash.core.settings import RoomSettings
from livedash.testing.clock import ManualClock
from livedash.testing.viewer import MemoryViewer, records_of
from livedash.wire.batch import Batch
from livedash.wire.messages import HubMessage
from livedash.wire.position import Position


class Stage:
    def __init__(self, ids: str = "e", **settings: Any) -> None:
        self.clock = ManualClock()
        counter = itertools.count(1)
        self.hub = Hub(lambda: f"{ids}{next(counter)}", defaults=RoomSettings().changed(settings))
        self.hub.presence.key = "key"  # else it takes ids, which are epochs' names here

    def push(self, *records: dict[str, Any], room: str = "train", session: Session | None = None) -> Position:
        batch = Batch.from_records(records, [self.clock.now_us()] * len(records))
        return self.hub.publish(room, batch, self.clock.now_us(), self.clock.now_s(), Origin(session=session))

    def push_numbers(self, first: int, last: int, room: str = "train") -> None:
        """A batch for each record, whose `n` is what its offset shall be."""
        for number in range(first, last + 1):
            self.push({"n": number}, room=room)

    def viewer(self, room: str = "train", since: str = "now", **reading: Any) -> MemoryViewer:
        viewer = MemoryViewer(self.hub, self.clock)
        viewer.read(room, since, **reading)
        return viewer

    @property
    def epoch(self) -> str:
        return self.hub.room("train").epoch


def numbers(messages: list[HubMessage]) -> list[int]:
    return [record["n"] for record in records_of(messages)]
