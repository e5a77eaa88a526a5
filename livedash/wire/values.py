"""What becomes of a Python value: which plain value stands for it, and of which type its column is.

The fate of each kind of value is in docs/reference/values.md, and tested in tests/wire/test_values.py.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from livedash import limits
from livedash.errors import LivedashError, TooLargeError, ValueRefusedError
from livedash.wire import foreign, timestamps
from livedash.wire.column import SAFE_INTEGER, Column, column_of_rows, pack

Record = Mapping[str, Any]
PLAIN_TYPES: Final = frozenset({float, int, bool, type(None)})  # need no conversion, and can't change later
_NONE: Final = type(None)
_INT64: Final = 2**63
_MAX_ITEMS: Final = limits.RECORD_BYTES // 2  # a digit and a comma
_CONVERSION_ERRORS: Final = (TypeError, ValueError, ArithmeticError, RuntimeError, NotImplementedError)


def plain_record(record: Record, most_bytes: int = limits.RECORD_BYTES) -> dict[str, Any]:
    """A copy that can be carried and that later changes of the caller's objects do not reach.

    Raises ValueRefusedError with the field's path, TooLargeError above the bounds of one record.
    """
    if not isinstance(record, Mapping):
        raise ValueRefusedError(f"a record is a mapping of fields, not {type(record).__name__}")
    if len(record) > limits.RECORD_FIELDS:
        raise TooLargeError(f"a record has {limits.RECORD_FIELDS} fields at most; this one has {len(record)}")
    plain = {_field_name(name, ""): _plain_top(value, name) for name, value in record.items()}
    check_size(record_bytes(plain), most_bytes)
    return plain


def check_size(size: int, most_bytes: int) -> None:
    """Of one record. Raises TooLargeError."""
    if size > most_bytes:
        raise TooLargeError(
            f"a record holds {most_bytes} bytes at most; this one has {size}: split it, or push a link to the data"
        )


def largest_bytes(column: Column) -> int:
    """About how much its largest value takes on the wire; numbers count as nothing."""
    if isinstance(column.values, bytes):
        return max(map(len, column.categories or ()), default=0)
    if column.type == "str":
        return max(map(len, filter(None, column.values)), default=0)
    return max(map(record_bytes, column.values), default=0)


def plain_value(value: Any, path: str) -> Any:
    """The plain value that stands for `value`. Raises ValueRefusedError, which names `path`."""
    return _plain_top(value, path)


def record_bytes(value: object) -> int:
    """About how much a plain value takes on the wire."""
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, dict):
        return sum(len(key) + 4 + record_bytes(item) for key, item in value.items()) + 2
    if isinstance(value, list):
        return sum(map(record_bytes, value)) + len(value) + 2
    return 8


def columns_of_records(records: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """The columns of plain records, fields in the order in which they first appear."""
    first = tuple(records[0]) if records else ()
    if all(tuple(record) == first for record in records):
        rows = zip(*(record.values() for record in records), strict=True)
        return {plain_text(name): column_of_values(list(values), ()) for name, values in zip(first, rows, strict=True)}
    names = dict.fromkeys(name for record in records for name in record)
    return {plain_text(name): _ragged_column(records, name) for name in names}


def _ragged_column(records: Sequence[Mapping[str, Any]], name: str) -> Column:
    absent = [row for row, record in enumerate(records) if name not in record]
    values, rows = column_of_rows([record.get(name) for record in records], absent)
    return column_of_values(values, rows)


def column_of_values(values: list[Any], absent: tuple[int, ...]) -> Column:
    """The narrowest column that keeps the plain values: a field that mixes types is `json`."""
    types = set(map(type, values))
    if types == {float}:
        return Column("f8", pack("d", values), absent)
    if types == {int} and _fits_int64(values):
        return Column("i8", pack("q", values), absent)
    if types == {bool}:
        return Column("bool", bytes(values), absent)
    if types and types <= {str, _NONE} and str in types:
        return Column("str", values, absent)
    if types <= {float, int, _NONE} and float in types and _are_safe(values):
        return Column("f8", pack("d", [math.nan if value is None else value for value in values]), absent)
    if dt.datetime in types and types <= {dt.datetime, _NONE}:
        return _time_column(values, absent)
    return Column("json", [json_value(value) for value in values], absent)


def json_value(value: Any) -> Any:
    """What stands for a plain value in a json column: texts for times, decimal texts for integers beyond 64 bits."""
    if isinstance(value, dt.datetime):
        return _iso(value)
    if isinstance(value, dict):
        return {name: json_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if type(value) is int and not -_INT64 <= value < _INT64:
        return _integer_text(value)
    return value


def plain_text(text: str) -> str:
    """The text as UTF-8 can carry it: a lone surrogate, as in the name of a file that is no UTF-8, becomes U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


def _integer_text(value: int) -> str:
    """Decimal, but hexadecimal where Python itself refuses so many decimal digits (sys.set_int_max_str_digits)."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def _time_column(values: list[dt.datetime | None], absent: tuple[int, ...]) -> Column:
    moments = [value for value in values if value is not None]
    alike, tz = timestamps.common_zone(moments)
    if not alike:
        return Column("json", [value and _iso(value) for value in values], absent)
    numbers = [-_INT64 if value is None else timestamps.microseconds(value) for value in values]
    return Column("time", pack("q", numbers), absent, "us", tz)


def _iso(moment: dt.datetime) -> str:
    text = timestamps.iso_texts([timestamps.microseconds(moment)], "us", timestamps.zone_name(moment))[0]
    return text or ""


def _fits_int64(values: list[int]) -> bool:
    return -_INT64 < min(values) and max(values) < _INT64


def _are_safe(values: list[Any]) -> bool:
    """Integers among floats become floats only where that keeps them exact."""
    return all(type(value) is not int or -SAFE_INTEGER <= value <= SAFE_INTEGER for value in values)


def _plain_top(value: Any, path: str) -> Any:
    return value if type(value) in PLAIN_TYPES else _plain(value, path, limits.RECORD_DEPTH)


def _plain(value: Any, path: str, depth: int) -> Any:
    """Raises ValueRefusedError. `depth` is what nesting is left: a list that holds itself ends here too."""
    kind = type(value)
    if kind in PLAIN_TYPES or kind is dt.datetime:
        return value
    if kind is str:
        return plain_text(value)
    if depth == 0:
        raise ValueRefusedError(
            f"field {path[:80]!r} is nested deeper than {limits.RECORD_DEPTH} levels, or holds itself"
        )
    if isinstance(value, Mapping):
        return {_field_name(name, path): _plain(item, f"{path}.{name}", depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return _plain_items(value, path, depth)
    try:
        return _plain_special(value, path, depth)
    except LivedashError:
        raise
    except _CONVERSION_ERRORS as error:  # another library's own, such as of a tensor without data
        raise ValueRefusedError(f"field {path!r} holds {kind.__name__}, which gives no value: {error}") from error


def _plain_items(values: Collection[Any], path: str, depth: int) -> list[Any]:
    _check_length(len(values), path)
    if PLAIN_TYPES.issuperset(map(type, values)):
        return list(values)
    return [_plain(item, f"{path}[{index}]", depth - 1) for index, item in enumerate(values)]


def _check_length(count: int, path: str) -> None:
    """Before each value is looked at: a large array would take seconds, and be refused in the end."""
    if count > _MAX_ITEMS:
        raise TooLargeError(
            f"field {path!r} holds {count} values, and a record {limits.RECORD_BYTES} bytes at most: "
            "push a summary, or one record for each value"
        )


def _plain_special(value: Any, path: str, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value, path, depth - 1)
    for kind, convert in _SINGLE:
        if isinstance(value, kind):
            return convert(value)
    if is_dataclass(value) and not isinstance(value, type):
        items = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(item, f"{path}.{name}", depth - 1) for name, item in items}
    if isinstance(value, set | frozenset):
        return _plain_items(sorted(value, key=repr), path, depth)
    if isinstance(value, bytes | bytearray | memoryview):
        raise ValueRefusedError(
            f"field {path!r} holds {type(value).__name__}, which can't be sent; push text, such as value.decode() or "
            "base64.b64encode(value).decode()"
        )
    return _plain_foreign(value, path, depth)


def _plain_foreign(value: Any, path: str, depth: int) -> Any:
    _check_length(foreign.size_of(value), path)
    python = foreign.python_of(value)
    if foreign.is_known(python):
        return _plain(python, path, depth - 1)
    if isinstance(value, Sequence):  # a range, a deque
        return _plain_items(value, path, depth)
    raise ValueRefusedError(
        f"field {path!r} holds {type(value).__name__}, which can't be sent; "
        "push a number, text, time, or a list or mapping of those (str(value) always works)"
    )


def _plain_datetime(value: dt.datetime) -> dt.datetime | None:
    """A pandas Timestamp as a plain datetime (to the microsecond), NaT as None."""
    if type(value).__name__ == "NaTType":
        return None
    to_python = getattr(value, "to_pydatetime", None)
    return to_python(warn=False) if callable(to_python) else value


_SINGLE: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (float, float),
    (int, int),
    (str, lambda value: plain_text(str.__str__(value))),
    (UUID, str),
    (dt.datetime, _plain_datetime),
    ((dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, lambda value: value.total_seconds()),
    (Decimal, lambda value: math.nan if value.is_nan() else float(value)),
)


def _field_name(name: object, path: str) -> str:
    if not isinstance(name, str):
        where = f" of {path!r}" if path else ""
        raise ValueRefusedError(
            f"the field names{where} of a record are texts, not {type(name).__name__} ({name!r:.40})"
        )
    return plain_text(str.__str__(name))
