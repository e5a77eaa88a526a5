"""One field of a batch: its type and its values, numbers as raw little-endian bytes that are never copied one by one.

A column leaves out the rows that do not have the field (`absent`); absent is not null. What becomes which type is
decided in values.py; how a column looks in a message in the codecs.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, Literal, get_args

import msgspec

from livedash.errors import ProtocolError
from livedash.wire import timestamps

ColumnType = Literal["f8", "i8", "bool", "str", "time", "json"]
TYPES: Final = frozenset(get_args(ColumnType))
UNITS: Final = ("s", "ms", "us", "ns")
NAT: Final = -(2**63)  # a missing time, as numpy and Arrow have it
NULL_CODE: Final = -1
SAFE_INTEGER: Final = 2**53 - 1
_CODES: Final = {"f8": "d", "i8": "q", "time": "q", "bool": "B"}
_CATEGORY_CODE: Final = "i"
# What objects take in memory, by sys.getsizeof on CPython 3.11 and the pointer to each
_NUMBER_BYTES: Final = 32
_TEXT_BYTES: Final = 58
_LIST_BYTES: Final = 64
_MAP_BYTES: Final = 240
_MAP_ENTRY_BYTES: Final = 24
_ROW_BYTES: Final = 8


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """`values` holds one value for each row that is not in `absent` (ascending rows of the batch).

    f8, i8, time, bool and categorical codes are `bytes`: float64, int64, int64 since 1970 in `unit`, uint8, int32
    codes; str (texts or None) and json (plain values) are lists.
    """

    type: ColumnType
    values: bytes | list[Any]
    absent: tuple[int, ...] = ()
    unit: str | None = None
    tz: str | None = None
    categories: tuple[str, ...] | None = None

    @property
    def code(self) -> str | None:
        """The array code of packed values, None for a list."""
        return _CATEGORY_CODE if self.categories is not None else _CODES.get(self.type)

    @property
    def packed(self) -> bytes:
        """The values of a column with a `code`."""
        assert isinstance(self.values, bytes)
        return self.values

    @property
    def present(self) -> int:
        """How many rows have the field."""
        return len(self.values) // item_bytes(self.code) if self.code else len(self.values)

    @property
    def nbytes(self) -> int:
        """About what it takes in memory: the bound of a history is kept by it."""
        size = _ROW_BYTES * len(self.absent) + sum(map(_object_bytes, self.categories or ()))
        if isinstance(self.values, bytes):
            return size + len(self.values)
        if self.type == "str":
            return size + _TEXT_BYTES * len(self.values) + sum(map(len, filter(None, self.values)))
        return size + sum(map(_object_bytes, self.values))

    def slice(self, start: int, stop: int) -> Column:
        """The rows from `start` up to `stop`."""
        low, high = bisect_left(self.absent, start), bisect_left(self.absent, stop)
        first, last = start - low, stop - high
        absent = tuple(row - start for row in self.absent[low:high])
        size = item_bytes(self.code) if self.code else 1
        return msgspec.structs.replace(self, values=self.values[first * size : last * size], absent=absent)

    def take(self, rows: Sequence[int]) -> Column:
        """The given rows, in their order."""
        missing = frozenset(self.absent)
        absent = tuple(place for place, row in enumerate(rows) if row in missing)
        places = [row - bisect_left(self.absent, row) for row in rows if row not in missing] if missing else rows
        if isinstance(self.values, bytes):
            code = self.code or "B"
            values: bytes | list[Any] = pack(code, map(numbers_of(code, self.packed).__getitem__, places))
        else:
            values = list(map(self.values.__getitem__, places))
        return msgspec.structs.replace(self, values=values, absent=absent)

    def python_values(self) -> list[Any]:
        """One plain value for each present row; times as ISO 8601 texts, NaN as it is."""
        if not isinstance(self.values, bytes):
            return self.values
        numbers = unpack(self.code or "B", self.packed)
        if self.categories is not None:
            return [None if code == NULL_CODE else self.categories[code] for code in numbers]
        if self.type == "bool":
            return [value != 0 for value in numbers]
        if self.type == "time":
            return timestamps.iso_texts(numbers, self.unit or "us", self.tz)
        return numbers

    def checked(self, count: int) -> Column:
        """This column, or ProtocolError: what a peer sent must fit `count` rows, or later readers would break on it."""
        if self.type not in TYPES:
            raise ProtocolError(f"column type {self.type!r} is not known")
        packed = self.code is not None
        if packed != isinstance(self.values, bytes) or (packed and len(self.values) % item_bytes(self.code)):
            raise ProtocolError(f"a column of type {self.type} has values of the wrong form")
        if self.present + len(self.absent) != count:
            raise ProtocolError(
                f"a column of {count} rows has {self.present} values and {len(self.absent)} absent rows"
            )
        self._check_absent(count)
        self._check_values()
        return self

    def _check_absent(self, count: int) -> None:
        rows = self.absent
        ascending = all(before < after for before, after in pairwise(rows))
        if rows and not (ascending and rows[0] >= 0 and rows[-1] < count):
            raise ProtocolError("the absent rows of a column are not ascending row numbers")

    def _check_values(self) -> None:
        if self.type == "time" and (self.unit or "us") not in UNITS:
            raise ProtocolError(f"a time column's unit is one of {', '.join(UNITS)}, not {self.unit!r}")
        if self.categories is not None:
            codes = numbers_of(_CATEGORY_CODE, self.packed)
            if self.type != "str" or (codes and not NULL_CODE <= min(codes) <= max(codes) < len(self.categories)):
                raise ProtocolError("a categorical column has codes outside of its categories")
        elif self.type == "str" and not set(map(type, self.values)) <= {str, type(None)}:
            raise ProtocolError("a column of type str holds something else than texts")


def pack(code: str, values: Iterable[Any]) -> bytes:
    """Little-endian bytes. Raises OverflowError or TypeError as array does."""
    return _little_endian(array(code, values)).tobytes()


def unpack(code: str, data: bytes) -> list[Any]:
    return numbers_of(code, data).tolist()


def numbers_of(code: str, data: bytes) -> array[Any]:
    """The packed numbers, without an object for each of them. Raises ValueError for bytes that are no whole numbers."""
    numbers = array(code)
    numbers.frombytes(data)
    return _little_endian(numbers)


def item_bytes(code: str | None) -> int:
    return array(code or "B").itemsize


def column_of_rows(values: Sequence[Any], absent: Sequence[int]) -> tuple[list[Any], tuple[int, ...]]:
    """The values of the rows that have the field."""
    if not absent:
        return list(values), ()
    missing = frozenset(absent)
    return [value for row, value in enumerate(values) if row not in missing], tuple(absent)


def _little_endian(numbers: array[Any]) -> array[Any]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _object_bytes(value: object) -> int:
    if isinstance(value, str):
        return _TEXT_BYTES + len(value)
    if isinstance(value, list):
        return _LIST_BYTES + sum(map(_object_bytes, value))
    if isinstance(value, dict):
        return _MAP_BYTES + sum(_MAP_ENTRY_BYTES + len(name) + _object_bytes(item) for name, item in value.items())
    return _NUMBER_BYTES
