"""The columns of a polars DataFrame, an Arrow table or another frame that narwhals reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from livedash.errors import ValueRefusedError
from livedash.wire.column import NAT, NULL_CODE, Column, pack
from livedash.wire.pandas_columns import column_of_numpy, packed_floats, without_rows
from livedash.wire.values import column_of_values, plain_value

_UNIT_OF_TIMESTAMP: Final = {"s": "ms"}  # narwhals gives no seconds
_DURATION: Final = {"ns": ("total_nanoseconds", 1e9)}  # all others are exact in microseconds


def columns_of_narwhals(frame: Any) -> tuple[list[str], Iterator[Column], int]:
    """Names, columns and rows. Raises ValueRefusedError for what is no frame with its rows at hand."""
    import narwhals as nw

    try:
        eager = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise ValueRefusedError(
            f"{type(frame).__name__} has no rows at hand ({error}); collect a lazy frame first, such as frame.collect()"
        ) from error
    names = [str(name) for name in eager.columns]
    return names, (column_of_series(eager[name], name) for name in names), len(eager)


def column_of_series(series: Any, name: str) -> Column:
    """Raises ValueRefusedError for a value that can't be carried, with its row."""
    import narwhals as nw

    dtype = series.dtype
    if dtype.is_integer() or dtype == nw.Boolean:
        missing = series.is_null().to_numpy()
        column = column_of_numpy(series.drop_nulls().to_numpy())
        return without_rows(column, missing) if missing.any() else column
    if dtype.is_float():
        return Column("f8", packed_floats(series.fill_null(math.nan).to_numpy()))
    if dtype == nw.Datetime:
        return _column_of_datetimes(series, dtype)
    if dtype == nw.Duration:
        method, per_second = _DURATION.get(dtype.time_unit, ("total_microseconds", 1e6))
        counts = getattr(series.dt, method)().to_list()
        return Column("f8", pack("d", [math.nan if count is None else count / per_second for count in counts]))
    if dtype in (nw.Categorical, nw.Enum):
        return _column_of_categorical(series)
    values = series.to_list()
    if dtype == nw.String:
        return column_of_values(values, ())
    return column_of_values([plain_value(value, f"{name}[{row}]") for row, value in enumerate(values)], ())


def _column_of_datetimes(series: Any, dtype: Any) -> Column:
    """In the unit and the zone that the frame has; a missing one is NaT on the other side."""
    unit = _UNIT_OF_TIMESTAMP.get(dtype.time_unit, dtype.time_unit)
    numbers = series.dt.timestamp(unit).fill_null(NAT).to_numpy()
    zone = dtype.time_zone
    return Column("time", numbers.astype("<i8").tobytes(), (), unit, None if zone is None else str(zone))


def _column_of_categorical(series: Any) -> Column:
    values = series.to_list()
    declared = getattr(series.dtype, "categories", ())
    categories = tuple(dict.fromkeys([*declared, *(value for value in values if value is not None)]))
    codes = {category: code for code, category in enumerate(categories)}
    return Column("str", pack("i", [codes.get(value, NULL_CODE) for value in values]), categories=categories)
