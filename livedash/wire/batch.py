"""Batches: consecutive records of one room in columns, cut at any row and joined again without a change of a value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

from livedash import limits
from livedash.errors import ProtocolError
from livedash.wire.column import NAT, SAFE_INTEGER, UNITS, Column, numbers_of, pack, unpack
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
        stamps = numbers_of("q", times)
        if not (-SAFE_INTEGER <= min(stamps) and max(stamps) <= SAFE_INTEGER):
            raise ProtocolError("the times of records are microseconds since 1970, between -(2^53 - 1) and 2^53 - 1")
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
        if start >= stop:
            return EMPTY
        if start == 0 and stop == self.count:
            return self
        times = self.times[start * _TIME_BYTES : stop * _TIME_BYTES]
        columns = {name: column.slice(start, stop) for name, column in self.columns.items()}
        count = stop - start
        return Batch(count, times, {name: column for name, column in columns.items() if len(column.absent) < count})

    def take(self, rows: Sequence[int]) -> Batch:
        """The records of the given rows, in that order."""
        times = pack("q", map(numbers_of("q", self.times).__getitem__, rows))
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Batch(
            len(rows), times, {name: column for name, column in columns.items() if len(column.absent) < len(rows)}
        )

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


def joinable(batches: Iterable[Batch]) -> int:
    """How many of the batches, from the first on, one batch can hold.

    Where each record has fields of its own (`{"user-17": 1}`), the absent rows of a joined batch grow with the square
    of its records: ten thousand of them would fill the host's memory.
    """
    names: set[str] = set()
    rows = present = number = 0
    for number, batch in enumerate(batches):
        names.update(batch.columns)
        rows += batch.count
        present += sum(column.present for column in batch.columns.values())
        if number and len(names) * rows - present > limits.ABSENT_ROWS:
            return number
    return number + 1 if rows else 0


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
            values: bytes | list[Any] = b"".join(part.packed for part in parts)
        else:
            values = [value for part in parts for value in part.values]
        return Column(first.type, values, absent, first.unit, first.tz, first.categories)
    types = {part.type for part in parts}
    if "time" in types and types <= {"time", "json"} and (times := _join_times(parts, absent)):
        return times
    together = [value for part in parts for value in part.python_values()]
    units = {part.unit for part in parts}
    unit = units.pop() if len(units) == 1 else None
    if types == {"i8"}:
        return Column("i8", pack("q", together), absent, unit)
    if types == {"f8"} or (types == {"f8", "i8"} and _are_exact_as_floats(parts)):
        return Column("f8", pack("d", together), absent, unit)
    if types <= {"str", "json", "f8"}:
        return column_of_values(together, absent)
    return Column("json", together, absent)


def _join_times(parts: Sequence[Column], absent: tuple[int, ...]) -> Column | None:
    """In the finest of their units; None where some have a zone and others none, or where no unit holds all."""
    times = [part for part in parts if part.type == "time"]
    others = [value for part in parts if part.type != "time" for value in part.values]
    zones = {part.tz for part in times}
    if any(value is not None for value in others) or (None in zones and len(zones) > 1):
        return None
    unit = max((part.unit or "us" for part in times), key=UNITS.index)
    numbers = [number for part in parts for number in _in_unit(part, unit)]
    if not all(NAT <= number < -NAT for number in numbers):
        return None
    return Column("time", pack("q", numbers), absent, unit, zones.pop() if len(zones) == 1 else "UTC")


def _in_unit(part: Column, unit: str) -> list[int]:
    if part.type != "time":  # null in all its rows
        return [NAT] * part.present
    factor = 1000 ** (UNITS.index(unit) - UNITS.index(part.unit or "us"))
    return [number if number == NAT else number * factor for number in unpack("q", part.packed)]


def _are_exact_as_floats(parts: Sequence[Column]) -> bool:
    integers = [part.python_values() for part in parts if part.type == "i8"]
    return all(-SAFE_INTEGER <= min(values) and max(values) <= SAFE_INTEGER for values in integers if values)
