"""Batches: consecutive records of one room in columns, cut at any row and joined again without a change of a value."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from livedash.errors import ProtocolError
from livedash.wire.column import SAFE_INTEGER, Column, pack, unpack
from livedash.wire.values import column_of_values, columns_of_records

_TIME_BYTES: Final = 8
_OVERHEAD_BYTES: Final = 600  # the objects of an empty batch, measured with sys.getsizeof
_COLUMN_OVERHEAD_BYTES: Final = 200


class Batch:
    """Immutable but for `cache`, where codecs keep what they encoded once for all viewers.

    `times` is int64 little-endian microseconds since 1970, one for each record.
    """

    __slots__ = ("cache", "columns", "count", "nbytes", "times")

    def __init__(self, count: int, times: bytes, columns: Mapping[str, Column]) -> None:
        self.count = count
        self.times = times
        self.columns = columns
        self.nbytes = (
            _OVERHEAD_BYTES
            + len(times)
            + sum(_COLUMN_OVERHEAD_BYTES + len(name) + column.nbytes for name, column in columns.items())
        )
        self.cache: dict[Hashable, Any] = {}

    def __repr__(self) -> str:
        return f"Batch({self.count} records, {', '.join(self.columns)})"

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Any]], times_us: Sequence[int]) -> Batch:
        """Of plain records (see values.plain_record), a time for each."""
        return cls(len(records), pack("q", times_us), columns_of_records(records))

    @classmethod
    def checked(cls, count: int, times: bytes, columns: Mapping[str, Column]) -> Batch:
        """What a peer sent, or ProtocolError."""
        if count < 1:
            raise ProtocolError(f"a batch has at least one record, not {count}")
        if len(times) != count * _TIME_BYTES:
            raise ProtocolError(f"a batch of {count} records has {len(times) // _TIME_BYTES} times")
        for column in columns.values():
            column.checked(count)
        return cls(count, times, columns)

    def times_us(self) -> list[int]:
        return unpack("q", self.times)

    def first_time_us(self) -> int:
        return int.from_bytes(self.times[:_TIME_BYTES], "little", signed=True)

    def last_time_us(self) -> int:
        return int.from_bytes(self.times[-_TIME_BYTES:], "little", signed=True)

    def records(self) -> list[dict[str, Any]]:
        """The records: times as ISO 8601 texts, absent fields left out."""
        if all(not column.absent for column in self.columns.values()):
            names = tuple(self.columns)
            rows = zip(*(column.python_values() for column in self.columns.values()), strict=True)
            return [dict(zip(names, row, strict=True)) for row in rows] if names else [{} for _ in range(self.count)]
        records: list[dict[str, Any]] = [{} for _ in range(self.count)]
        for name, column in self.columns.items():
            absent = frozenset(column.absent)
            rows_present = [row for row in range(self.count) if row not in absent]
            for row, value in zip(rows_present, column.python_values(), strict=True):
                records[row][name] = value
        return records

    def slice(self, start: int, stop: int) -> Batch:
        """The records from row `start` up to row `stop`; the whole batch is itself."""
        start, stop = max(start, 0), min(stop, self.count)
        if start == 0 and stop == self.count:
            return self
        times = self.times[start * _TIME_BYTES : stop * _TIME_BYTES]
        columns = {name: column.slice(start, stop) for name, column in self.columns.items()}
        count = stop - start
        return Batch(count, times, {name: column for name, column in columns.items() if len(column.absent) < count})

    def take(self, rows: Sequence[int]) -> Batch:
        """The records of the given rows, in that order."""
        times = array("q")
        times.frombytes(self.times)
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        held = {name: column for name, column in columns.items() if len(column.absent) < len(rows)}
        return Batch(len(rows), array("q", map(times.__getitem__, rows)).tobytes(), held)

    @staticmethod
    def concat(batches: Sequence[Batch]) -> Batch:
        """One batch of all records. A field whose type differs between them becomes the narrowest that holds it."""
        if len(batches) == 1:
            return batches[0]
        names = dict.fromkeys(name for batch in batches for name in batch.columns)
        count = sum(batch.count for batch in batches)
        columns = {name: _joined(batches, name) for name in names}
        return Batch(count, b"".join(batch.times for batch in batches), columns)


EMPTY: Final = Batch(0, b"", {})


def _joined(batches: Sequence[Batch], name: str) -> Column:
    absent: list[int] = []
    parts: list[Column] = []
    row = 0
    for batch in batches:
        column = batch.columns.get(name)
        if column is None:
            absent += range(row, row + batch.count)
        else:
            absent += [row + missing for missing in column.absent]
            parts.append(column)
        row += batch.count
    return _join_values(parts, tuple(absent))


def _join_values(parts: Sequence[Column], absent: tuple[int, ...]) -> Column:
    first = parts[0]
    if len({(part.type, part.unit, part.tz, part.categories) for part in parts}) == 1:
        if isinstance(first.values, bytes):
            values: bytes | list[Any] = b"".join(part.values for part in parts)  # type: ignore[misc]  # alike: all packed
        else:
            values = [value for part in parts for value in part.values]
        return Column(first.type, values, absent, first.unit, first.tz, first.categories)
    together = [value for part in parts for value in part.python_values()]
    if {part.type for part in parts} == {"f8", "i8"} and _are_exact_as_floats(parts):
        return Column("f8", pack("d", together), absent)
    if {part.type for part in parts} <= {"str", "json", "f8"}:
        return column_of_values(together, absent)
    return Column("json", together, absent)


def _are_exact_as_floats(parts: Sequence[Column]) -> bool:
    integers = [part.python_values() for part in parts if part.type == "i8"]
    return all(-SAFE_INTEGER <= min(values) and max(values) <= SAFE_INTEGER for values in integers if values)
