"""The latest record per key of a keyed room, kept as long as the room lives."""

from __future__ import annotations

from typing import Any

from livedash import limits
from livedash.errors import LimitReachedError, ValueRefusedError
from livedash.wire.batch import Batch

DELETED = "_deleted"  # a record with this field set removes its key


class KeyedState:
    """`rows` maps a key to the record that was pushed last for it, as a batch of one."""

    __slots__ = ("field", "rows")

    def __init__(self, field: str) -> None:
        self.field = field
        self.rows: dict[Any, Batch] = {}

    def keys_of(self, batch: Batch) -> list[Any]:
        """The key of each record.

        Raises ValueRefusedError for a record without the field, LimitReachedError where the room would hold too many keys.
        """
        column = batch.columns.get(self.field)
        if column is None or column.absent:
            raise ValueRefusedError(f"this room is keyed by {self.field!r}: each record needs that field")
        keys = [_hashable(key, self.field) for key in column.python_values()]
        if len(self.rows) + len(set(keys) - self.rows.keys()) > limits.KEYS_PER_ROOM:
            raise LimitReachedError(
                f"a keyed room holds {limits.KEYS_PER_ROOM} keys at most; remove some by records with {DELETED!r}: true"
            )
        return keys

    def apply(self, batch: Batch, keys: list[Any]) -> None:
        deleted = _deleted_rows(batch)
        for key, row in _last_rows(keys).items():
            if row in deleted:
                self.rows.pop(key, None)
            else:
                self.rows[key] = batch.slice(row, row + 1)

    def snapshot(self) -> Batch | None:
        return Batch.concat(list(self.rows.values())) if self.rows else None


def latest_rows(batch: Batch, field: str) -> list[int]:
    """The rows that a conflated viewer needs: the last one of each key, in order."""
    column = batch.columns.get(field)
    if column is None or column.absent:
        return list(range(batch.count))
    return sorted(_last_rows([_hashable(key, field) for key in column.python_values()]).values())


def _last_rows(keys: list[Any]) -> dict[Any, int]:
    return {key: row for row, key in enumerate(keys)}


def _hashable(key: Any, field: str) -> Any:
    if isinstance(key, list | dict) or key is None:
        raise ValueRefusedError(f"the key field {field!r} holds {type(key).__name__}; a key is a text, number or bool")
    return key


def _deleted_rows(batch: Batch) -> frozenset[int]:
    column = batch.columns.get(DELETED)
    if column is None:
        return frozenset()
    absent = frozenset(column.absent)
    rows = [row for row in range(batch.count) if row not in absent]
    return frozenset(row for row, value in zip(rows, column.python_values(), strict=True) if value is True)
