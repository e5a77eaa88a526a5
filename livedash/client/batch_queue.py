"""A queue of batches that joins small neighbours, so that hours of small pushes do not cost thousands of objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from livedash import limits
from livedash.wire.batch import Batch

_LOPSIDED: Final = 2  # a batch is joined to one of at most twice its records: each is copied a few times in all


class BatchQueue:
    """In order. Neighbours are joined while they stay below `join_bytes` and limits.PUBLISH_BATCH_RECORDS."""

    __slots__ = ("_batches", "_join_bytes", "nbytes", "records")

    def __init__(self, join_bytes: int = limits.PUBLISH_BATCH_BYTES) -> None:
        self._batches: deque[Batch] = deque()
        self._join_bytes = join_bytes
        self.nbytes = 0
        self.records = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def append(self, batch: Batch) -> None:
        self._push(batch)
        while self._ends_in_two_small_ones():
            second, first = self._pop(), self._pop()
            self._push(Batch.concat([first, second]))

    def popleft(self) -> Batch:
        batch = self._batches.popleft()
        self.nbytes -= batch.nbytes
        self.records -= batch.count
        return batch

    def take_joined(self, most_records: int = limits.PUBLISH_BATCH_RECORDS) -> Batch:
        """The oldest batches as one, as many as stay below the bounds; at least one, or the first `most_records` of it."""
        taken = [self.popleft()]
        if taken[0].count > most_records:
            self._return(taken[0].slice(most_records, taken[0].count))
            return taken[0].slice(0, most_records)
        records, nbytes = taken[0].count, taken[0].nbytes
        while (
            self._batches
            and records + self._batches[0].count <= most_records
            and self._fits(records + self._batches[0].count, nbytes + self._batches[0].nbytes)
        ):
            taken.append(self.popleft())
            records, nbytes = records + taken[-1].count, nbytes + taken[-1].nbytes
        return Batch.concat(taken)

    def clear(self) -> None:
        self._batches.clear()
        self.nbytes = self.records = 0

    def _ends_in_two_small_ones(self) -> bool:
        if len(self._batches) < 2:
            return False
        first, second = self._batches[-2], self._batches[-1]
        is_balanced = first.count <= _LOPSIDED * second.count
        return is_balanced and self._fits(first.count + second.count, first.nbytes + second.nbytes)

    def _fits(self, records: int, nbytes: int) -> bool:
        return records <= limits.PUBLISH_BATCH_RECORDS and nbytes <= self._join_bytes

    def _push(self, batch: Batch) -> None:
        self._batches.append(batch)
        self.nbytes += batch.nbytes
        self.records += batch.count

    def _return(self, batch: Batch) -> None:
        self._batches.appendleft(batch)
        self.nbytes += batch.nbytes
        self.records += batch.count

    def _pop(self) -> Batch:
        batch = self._batches.pop()
        self.nbytes -= batch.nbytes
        self.records -= batch.count
        return batch
