"""What callers handed over and the sender has not taken yet: a deque for each room, by `append` and `popleft` only.

Swapping a list under a running loop loses records; the two ends of a deque do not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from livedash import limits
from livedash.wire.batch import Batch
from livedash.wire.names import checked_room

_NS_PER_US: Final = 1000
Handed = tuple[int, dict[str, Any] | Batch]  # a record with its time in nanoseconds, or a batch that has its own
Append = Callable[[Handed], None]


class Intake:
    """`appends` and `is_parked` are read by callers in their hot path. `is_parked`: the sender sleeps and must be woken.

    A caller appends and then looks at the flag; the sender raises the flag and then looks for records: one of the two
    always sees the other. From `end` on the flag stays up: each push comes to wake the sender, and waits.
    """

    __slots__ = ("_lock", "_queues", "appends", "is_ending", "is_parked")

    def __init__(self, rooms: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, deque[Handed]] = {room: deque() for room in rooms}
        self.appends: dict[str, Append] = {room: queue.append for room, queue in self._queues.items()}
        self.is_ending = False
        self.is_parked = True

    def end(self) -> None:
        self.is_ending = self.is_parked = True

    def unpark(self) -> None:
        self.is_parked = self.is_ending

    def open(self, room: str) -> Append:
        """Raises NameRefusedError."""
        checked_room(room)
        with self._lock:
            queue = self._queues.setdefault(room, deque())
            return self.appends.setdefault(room, queue.append)

    def __bool__(self) -> bool:
        return any(self._queues.copy().values())

    def waiting(self) -> dict[str, int]:
        """Records, of the rooms that have any."""
        return {room: sum(map(_records, queue.copy())) for room, queue in self._queues.copy().items() if queue}

    @property
    def rooms(self) -> tuple[str, ...]:
        return tuple(self._queues)

    def take(self) -> Iterator[tuple[str, list[Handed]]]:
        """Up to limits.PUBLISH_BATCH_RECORDS of each room; what comes meanwhile is for the next time."""
        for room, queue in self._queues.copy().items():
            count = min(len(queue), limits.PUBLISH_BATCH_RECORDS)
            if count:
                yield room, [queue.popleft() for _ in range(count)]

    def drop_excess(self) -> Iterator[tuple[str, int]]:
        """Where callers push faster than their records can be put in columns, the oldest go; how many of each room."""
        for room, queue in self._queues.copy().items():
            excess = len(queue) - limits.PUBLISHER_QUEUED_RECORDS
            if excess > 0:
                yield room, sum(_records(queue.popleft()) for _ in range(excess))

    def is_behind(self) -> bool:
        """True if a room has more than one taking brings."""
        return any(len(queue) > limits.PUBLISH_BATCH_RECORDS for queue in self._queues.copy().values())


def in_columns(handed: list[Handed]) -> Iterator[Batch]:
    """Runs of records as a batch each, between the batches that were handed over as such."""
    for is_batch, run in groupby(handed, _is_batch):
        if is_batch:
            yield from (batch for _, batch in run if isinstance(batch, Batch))
        else:
            entries = list(run)
            records = [record for _, record in entries if isinstance(record, dict)]
            yield Batch.from_records(records, [time // _NS_PER_US for time, _ in entries])


def _is_batch(handed: Handed) -> bool:
    return type(handed[1]) is Batch


def _records(handed: Handed) -> int:
    return handed[1].count if isinstance(handed[1], Batch) else 1
