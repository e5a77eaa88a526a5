"""The latest record per key of a keyed room, kept as long as the room lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from livedash import limits
from livedash.errors import LimitReachedError, ValueRefusedError
from livedash.wire.batch import Batch

DELETED = "_deleted"  # a record with this field set removes its key


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """`rows`: what a batch leaves of each of its keys, None for a deleted one. `removed`: keys that it removes meanwhile."""

    rows: Mapping[Any, Batch | None]
    removed: Set[Any]

    def apply_to(self, latest: dict[Any, Batch]) -> None:
        """A key that comes again after its removal comes last."""
        for key in self.removed:
            latest.pop(key, None)
        latest.update((key, row) for key, row in self.rows.items() if row is not None)


class KeyedState:
    """`rows` maps a key to the record that was pushed last for it, as a batch of one."""

    __slots__ = ("field", "nbytes", "rows")

    def __init__(self, field: str) -> None:
        self.field = field
        self.nbytes = 0
        self.rows: dict[Any, Batch] = {}

    def apply(self, batch: Batch, max_bytes: int) -> KeyChanges:
        """Takes the records over, all or none of them, and says what changed.

        Raises ValueRefusedError for a record without a key, LimitReachedError where the room would hold too much.
        """
        changes, removed = self._changes(batch)
        before = [self.rows.get(key) for key in changes]
        count = len(self.rows) + sum((new is not None) - (old is not None) for new, old in _pairs(changes, before))
        nbytes = self.nbytes + sum(_nbytes(new) - _nbytes(old) for new, old in _pairs(changes, before))
        has_too_many = count > max(limits.KEYS_PER_ROOM, len(self.rows))
        if has_too_many or nbytes > max(max_bytes, self.nbytes):
            raise LimitReachedError(
                f"a keyed room holds {limits.KEYS_PER_ROOM} keys and {max_bytes} bytes at most, and this publish makes it "
                f"{count} and {nbytes}; remove some keys by records with {DELETED!r}: true"
            )
        self.nbytes = nbytes
        told = KeyChanges(changes, removed)
        told.apply_to(self.rows)
        return told

    def load(self, rows: Iterable[Batch]) -> None:
        """Takes over what another one held. Raises ValueRefusedError for a record without a key."""
        for row in rows:
            changes, _ = self._changes(row)
            self.rows.update({key: kept for key, kept in changes.items() if kept is not None})
        self.nbytes = sum(row.nbytes for row in self.rows.values())

    def snapshot(self) -> Batch | None:
        return Batch.concat(list(self.rows.values())) if self.rows else None

    def _changes(self, batch: Batch) -> tuple[dict[Any, Batch | None], set[Any]]:
        """What the batch leaves of each of its keys, None for a deleted one; and the keys that it removes meanwhile.

        A key that comes again after its removal is a new one, and comes last: in each viewer's order, too.
        """
        column = batch.columns.get(self.field)
        if column is None or column.absent:
            raise ValueRefusedError(f"this room is keyed by {self.field!r}: each record needs that field")
        deleted = _deleted_rows(batch)
        removed: set[Any] = set()
        last: dict[Any, int] = {}
        for row, value in enumerate(column.python_values()):
            key = _checked_key(value, self.field)
            if row in deleted:
                removed.add(key)
            if last.get(key) in deleted:
                del last[key]  # it comes again, after those that came meanwhile
            last[key] = row
        return {key: None if row in deleted else batch.slice(row, row + 1) for key, row in last.items()}, removed


def conflated(parts: Iterable[tuple[int, Batch]], field: str) -> tuple[Batch, tuple[int, ...]]:
    """What a conflated viewer needs of batches with their first offsets: the last record of each key, and the offset of each."""
    batches: list[Batch] = []
    offsets: list[int] = []
    for first, batch in parts:
        rows = latest_rows(batch, field)
        batches.append(batch.take(rows))
        offsets += [first + row for row in rows]
    joined = Batch.concat(batches)
    rows = latest_rows(joined, field)
    return joined.take(rows), tuple(offsets[row] for row in rows)


def latest_rows(batch: Batch, field: str) -> list[int]:
    """The last row of each key, in order."""
    column = batch.columns.get(field)
    if column is None or column.absent:
        return list(range(batch.count))
    return sorted(_last_rows(column.python_values()).values())


def _last_rows(keys: list[Any]) -> dict[Any, int]:
    return {key: row for row, key in enumerate(keys)}


def _pairs(changes: dict[Any, Batch | None], before: list[Batch | None]) -> list[tuple[Batch | None, Batch | None]]:
    return list(zip(changes.values(), before, strict=True))


def _nbytes(row: Batch | None) -> int:
    return 0 if row is None else row.nbytes


def _checked_key(key: Any, field: str) -> Any:
    if isinstance(key, list | dict) or key is None or key != key:  # NaN
        kind = "NaN" if isinstance(key, float) else type(key).__name__
        raise ValueRefusedError(f"the key field {field!r} holds {kind}; a key is a text, number or bool")
    return key


def _deleted_rows(batch: Batch) -> frozenset[int]:
    column = batch.columns.get(DELETED)
    if column is None:
        return frozenset()
    absent = frozenset(column.absent)
    rows = [row for row in range(batch.count) if row not in absent]
    return frozenset(row for row, value in zip(rows, column.python_values(), strict=True) if value is True)
