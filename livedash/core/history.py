"""The records that a room still holds: batches in offset order, bounded by records, bytes and age."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from livedash import limits
from livedash.core.settings import RoomSettings
from livedash.wire.batch import EMPTY, Batch, joinable

_COMPACT_ABOVE = 64  # batches that were trimmed and whose places still lie in the list
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch at its place: its records have the offsets `first` to `last`."""

    first: int
    batch: Batch

    @property
    def last(self) -> int:
        return self.first + self.batch.count - 1

    def after(self, offset: int) -> Stored:
        """The part that follows `offset`, which lies in or right before this batch."""
        known = offset + 1 - self.first
        return self if known <= 0 else Stored(offset + 1, self.batch.slice(known, self.batch.count))


@dataclass(frozen=True, slots=True)
class HistoryStatistics:
    records: int
    nbytes: int
    batches: int
    trimmed: int  # records, since the epoch began


class History:
    """Offsets are contiguous from `first` to `top`; when nothing is held, `first` is `top + 1`."""

    __slots__ = ("_encoded", "_encoded_before", "_items", "_start", "nbytes", "records", "top", "trimmed")

    def __init__(self, top: int = 0) -> None:
        self._items: list[Stored] = []
        self._start = 0
        self._encoded: dict[int, Batch] = {}  # read or appended of late, so that they may hold encoded bytes
        self._encoded_before: dict[int, Batch] = {}
        self.top = top
        self.records = 0
        self.nbytes = 0
        self.trimmed = 0

    @property
    def first(self) -> int:
        """The oldest offset that is held."""
        return self.top - self.records + 1

    def append(self, batch: Batch) -> None:
        """A large batch is held in pieces, so that a small viewer can take it in steps."""
        for piece in _pieces(batch):
            self._items.append(Stored(self.top + 1, piece))
            self._encoded[self.top + 1] = piece
            self.top += piece.count
            self.records += piece.count
            self.nbytes += piece.nbytes

    def trim(self, settings: RoomSettings, now_us: int) -> None:
        """Drops whole batches from the old end until the bounds hold, and cuts one to the bound of records.

        By size the newest batch is never dropped: what was published last can always be read.
        """
        while self._start < len(self._items) and self._is_over(self._items[self._start], settings, now_us):
            self.drop_oldest()
        self._cut_to_records(settings.history_records)

    def drop_oldest(self) -> int:
        """Drops the oldest batch, and says how many bytes that freed; nothing to drop: 0."""
        if self._start == len(self._items):
            return 0
        oldest = self._items[self._start]
        self._items[self._start] = Stored(oldest.first, EMPTY)  # its place stays for the search, its bytes go now
        self._start += 1
        self._forget(oldest.batch.count, oldest.batch.nbytes)
        if self._start > _COMPACT_ABOVE and self._start * 2 > len(self._items):
            del self._items[: self._start]
            self._start = 0
        return oldest.batch.nbytes

    def read(self, after: int, max_bytes: int) -> list[Stored]:
        """What follows the offset `after` (not before `first - 1`): up to about `max_bytes`, one batch at least."""
        items = self._items
        if not items or after >= self.top:
            return []
        if items[-1].first == after + 1:
            self._encoded[after + 1] = items[-1].batch
            return [items[-1]]
        index = bisect_right(items, after + 1, lo=self._start, key=_first_of) - 1
        found: list[Stored] = []
        size = 0
        while index < len(items) and (not found or size < max_bytes):
            part = items[index].after(after)
            if part is items[index]:
                self._encoded[part.first] = part.batch
            found.append(part)
            size += part.batch.nbytes
            index += 1
        return found

    def batches(self) -> tuple[Batch, ...]:
        """All that is held, the oldest first."""
        return tuple(stored.batch for stored in islice(self._items, self._start, None))

    def last(self, count: int, max_bytes: int) -> Batch | None:
        """The last `count` records as one batch, fewer where they are more than `max_bytes` or can't be joined.

        None if nothing is held.
        """
        parts: list[Batch] = []
        size = 0
        for stored in self._newest_first():
            if count <= 0 or (parts and size >= max_bytes):
                break
            part = stored.batch.slice(stored.batch.count - count, stored.batch.count)
            parts.append(part)
            count -= part.count
            size += part.nbytes
        return Batch.concat(parts[: joinable(parts)][::-1]) if parts else None

    def bytes_after(self, offset: int) -> int:
        """About how many bytes follow `offset`, from the share of the records."""
        behind = self.top - offset
        return 0 if behind <= 0 or not self.records else self.nbytes * behind // self.records

    def forget_encoded(self) -> None:
        """Drops the encoded bytes of batches that nobody has read since the last call: they are no part of the bound.

        Readers who come back together for the same records share them meanwhile.
        """
        for first, batch in self._encoded_before.items():
            if first not in self._encoded:
                batch.cache.clear()
        self._encoded_before, self._encoded = self._encoded, {}

    def statistics(self) -> HistoryStatistics:
        return HistoryStatistics(self.records, self.nbytes, len(self._items) - self._start, self.trimmed)

    def _is_over(self, oldest: Stored, settings: RoomSettings, now_us: int) -> bool:
        if (
            settings.history_age is not None
            and oldest.batch.last_time_us() < now_us - settings.history_age * _MICROSECONDS
        ):
            return True
        if oldest.last == self.top:
            return False
        if self.nbytes > settings.history_bytes:
            return True
        return settings.history_records is not None and self.records - oldest.batch.count >= settings.history_records

    def _cut_to_records(self, bound: int | None) -> None:
        if bound is None or self.records <= bound or self._start == len(self._items):
            return
        oldest = self._items[self._start]
        kept = oldest.after(oldest.first + self.records - bound - 1)
        self._items[self._start] = kept
        self._forget(oldest.batch.count - kept.batch.count, oldest.batch.nbytes - kept.batch.nbytes)

    def _newest_first(self) -> Iterator[Stored]:
        return islice(reversed(self._items), len(self._items) - self._start)

    def _forget(self, records: int, nbytes: int) -> None:
        self.records -= records
        self.nbytes -= nbytes
        self.trimmed += records


def _first_of(stored: Stored) -> int:
    return stored.first


def _pieces(batch: Batch) -> Iterator[Batch]:
    count = max(1, min(batch.count, round(batch.nbytes / limits.MESSAGE_BYTES)))
    for number in range(count):
        yield batch.slice(batch.count * number // count, batch.count * (number + 1) // count)
