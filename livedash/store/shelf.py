"""What is written of one room: its row, and what one transaction adds to it, gathered until the transaction's end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from livedash import limits
from livedash.core.journal import Appended
from livedash.core.kept import KeptAnswer, KeptRoom, RoomHeader
from livedash.wire.batch import Batch
from livedash.wire.position import Position

_INT64 = 2**63


class Shelf:
    """Of a room with the row `id`. `first` and `top` as they are with what waits in `batches`."""

    def __init__(self, row: int, epoch: str, first: int, top: int) -> None:
        self.id = row
        self.epoch = epoch
        self.first = first
        self.top = top
        self.answers: OrderedDict[str, int] = OrderedDict()  # how many rows each publisher has here
        self.begin()

    def begin(self) -> None:
        """A new transaction: nothing waits."""
        self.header: RoomHeader | None = None
        self.is_emptied = False
        self.is_whole = False
        self.batches: list[tuple[int, Batch]] = []
        self.changes: dict[Any, Batch | None] = {}
        self.removed: set[Any] = set()
        self.new_answers: list[KeptAnswer] = []
        self.dropped: dict[str, int] = {}

    def describe(self, header: RoomHeader, first: int) -> None:
        """`first`: where a room's records begin whose epoch is new here and not one that goes on."""
        if header.epoch != self.epoch and self.epoch not in header.continued:
            self._empty(first)
        self.epoch = header.epoch
        self.header = header

    def append(self, entry: Appended) -> None:
        assert (entry.epoch, entry.first) == (self.epoch, self.top + 1), "entries follow each other"
        self._put(entry.first, entry.batch)
        self.trim(entry.held_from)
        if entry.changes is not None:
            for key in entry.changes.removed:
                self._change(key, None)
            for key, row in entry.changes.rows.items():
                self._change(key, row)
        if entry.publisher is not None and entry.seq is not None:
            self.new_answers.append(KeptAnswer(entry.publisher, entry.seq, Position(self.epoch, self.top)))

    def trim(self, held_from: int) -> None:
        self.first = max(self.first, held_from)

    def replace(self, kept: KeptRoom) -> None:
        """After `describe`: what is here already of its records stays; all else is written anew."""
        self.changes.clear()
        self.removed.clear()
        self.new_answers.clear()
        self.dropped.clear()
        if not kept.first - 1 <= self.top <= kept.top:
            self._empty(kept.first)
        self.is_whole = True
        first = kept.first
        for batch in kept.batches:
            known = max(0, self.top - first + 1)
            if known < batch.count:
                self._put(first + known, batch.slice(known, batch.count))
            first += batch.count
        self.trim(kept.first)
        field = kept.header.settings.key
        for row in kept.latest if field else ():
            self._change(row.columns[field or ""].python_values()[0], row)
        self.new_answers += kept.answers
        self.dropped.update(kept.dropped or {})

    def held_batches(self) -> Iterator[tuple[int, Batch]]:
        """What waits and is still held, with the offset of each first record."""
        for first, batch in self.batches:
            if first + batch.count > self.first:
                yield first, batch

    def countable_answers(self) -> Iterable[KeptAnswer]:
        """Numbers that a publisher made up beyond what SQLite holds are not remembered."""
        return (answer for answer in self.new_answers if -_INT64 <= answer.seq < _INT64)

    def _put(self, first: int, batch: Batch) -> None:
        self.batches.append((first, batch))
        self.top = first + batch.count - 1

    def _change(self, key: Any, row: Batch | None) -> None:
        """A key that went and came again stands behind the others, as in KeyedState."""
        if row is None:
            self.changes.pop(key, None)
            self.removed.add(key)
        else:
            self.changes[key] = row

    def _empty(self, first: int) -> None:
        self.is_emptied = True
        self.batches.clear()
        self.changes.clear()
        self.removed.clear()
        self.first, self.top = first, first - 1


def trimmed_answers(shelf: Shelf, publishers: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """After so many new rows of each publisher: whose rows are too many, and how many of them stay."""
    for publisher, count in publishers.items():
        shelf.answers[publisher] = shelf.answers.pop(publisher, 0) + count
        if shelf.answers[publisher] > 2 * limits.STORE_ANSWERS:
            shelf.answers[publisher] = limits.STORE_ANSWERS
            yield publisher, limits.STORE_ANSWERS
    while len(shelf.answers) > limits.PUBLISHERS_PER_ROOM:
        publisher, _ = shelf.answers.popitem(last=False)
        yield publisher, 0
