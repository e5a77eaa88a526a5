"""The columns of a pandas DataFrame, by numpy's own bytes, and a DataFrame of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from livedash.errors import ValueRefusedError
from livedash.wire import timestamps
from livedash.wire.column import NULL_CODE, Column
from livedash.wire.values import column_of_values, plain_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Numbers = np.ndarray[Any, np.dtype[Any]]

_INT64_MAX: Final = 2**63 - 1
_NULLABLE: Final = {"b": "bool", "i": "int64", "u": "uint64"}


def _pandas() -> Any:
    """Untyped: its stubs know no column whose type is only known when it comes."""
    import pandas

    return pandas


# To columns


def columns_of_pandas(frame: Any) -> tuple[list[str], Iterator[Column], int]:
    """Names, columns and rows. An index that says more than the row's number comes first, as columns."""
    frame = _with_index(frame)
    names = [_field_name(name) for name in frame.columns]
    return names, (column_of_series(frame.iloc[:, place], name) for place, name in enumerate(names)), len(frame)


def _with_index(frame: Any) -> Any:
    index = frame.index
    if isinstance(index, _pandas().RangeIndex) and index.name is None:
        return frame
    try:
        return frame.reset_index()
    except ValueError as error:
        raise ValueRefusedError(
            f"the frame's index has the name of a column ({error}); rename one, or push frame.reset_index(drop=True)"
        ) from error


def _field_name(name: object) -> str:
    """The levels of a MultiIndex are joined by dots."""
    return ".".join(str(part) for part in name if part != "") if isinstance(name, tuple) else str(name)


def column_of_series(series: Any, name: str) -> Column:
    """Raises ValueRefusedError for a value that can't be carried, with its row."""
    pd, dtype = _pandas(), series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _column_of_categorical(series, name)
    if isinstance(dtype, pd.SparseDtype):
        return column_of_series(series.sparse.to_dense(), name)
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
        return _column_of_objects(series.astype(str).where(series.notna(), None), name)
    if dtype.kind == "m":
        return Column("f8", packed_floats(series.dt.total_seconds().to_numpy(dtype="float64")))
    if dtype.kind == "M" and not str(dtype).startswith("date32"):  # Arrow's dates are of kind M, too
        return _column_of_datetimes(series)
    if dtype.kind in "biuf":
        return _column_of_numbers(series)
    return _column_of_objects(series, name)


def _column_of_numbers(series: Any) -> Column:
    """numpy's dtypes as they are; of nullable and Arrow ones NA rows are left out, and are NaN among floats."""
    import numpy as np

    kind = series.dtype.kind
    if isinstance(series.dtype, np.dtype):
        return column_of_numpy(series.to_numpy())
    if kind == "f":
        return Column("f8", packed_floats(series.to_numpy(dtype="float64", na_value=np.nan)))
    missing = series.isna().to_numpy()
    present = column_of_numpy(series[~missing].to_numpy(dtype=_NULLABLE[kind]))
    return without_rows(present, missing)


def column_of_numpy(values: Numbers) -> Column:
    """Of booleans, integers or floats, all present."""
    kind = values.dtype.kind
    if kind == "f":
        return Column("f8", packed_floats(values))
    if kind == "b":
        return Column("bool", values.astype("u1").tobytes())
    if kind == "u" and len(values) and int(values.max()) > _INT64_MAX:
        return column_of_values(values.tolist(), ())
    return Column("i8", values.astype("<i8").tobytes())


def packed_floats(values: Numbers) -> bytes:
    return values.astype("<f8").tobytes()


def without_rows(present: Column, missing: Numbers) -> Column:
    """The column of the present rows, with the rows where `missing` is true as absent ones."""
    import numpy as np

    absent = tuple(np.flatnonzero(missing).tolist())
    return Column(present.type, present.values, absent, present.unit, present.tz, present.categories)


def _column_of_datetimes(series: Any) -> Column:
    """In the unit and the zone that the frame has; a missing one is NaT on the other side, too."""
    zone = getattr(series.dt, "tz", None)
    naive = series if zone is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
    unit = series.dt.unit
    values = naive.to_numpy(dtype=f"datetime64[{unit}]")
    return Column("time", values.astype("<i8").tobytes(), (), unit, None if zone is None else _zone_text(zone))


def _zone_text(zone: Any) -> str:
    """An IANA name, or an offset such as +02:00."""
    name = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    return name.removeprefix("UTC") or "UTC"


def _column_of_categorical(series: Any, name: str) -> Column:
    """Texts keep their categories, whether ordered or not; other categories are columns of their values."""
    categories, missing = series.cat.categories, series.isna().to_numpy()
    if all(type(category) is str for category in categories):
        codes = series.cat.codes.to_numpy().astype("<i4").tobytes()
        return Column("str", codes, categories=tuple(categories))
    present = _pandas().Series(categories.take(series.cat.codes.to_numpy()[~missing]))
    column = column_of_series(present, name)
    return without_rows(column, missing) if missing.any() else column


def _column_of_objects(series: Any, name: str) -> Column:
    values = series.astype(object).where(series.notna(), None).tolist()
    if set(map(type, values)) <= {str, type(None)}:
        return column_of_values(values, ())
    return column_of_values([plain_value(value, f"{name}[{row}]") for row, value in enumerate(values)], ())


# To pandas


def frame_of_columns(columns: Mapping[str, Column], count: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: _series(column, count) for name, column in columns.items()}, index=pd.RangeIndex(count))


def _series(column: Column, count: int) -> Any:
    import numpy as np

    pd = _pandas()
    if column.categories is not None:
        codes = _spread(_numbers(column, "<i4", "int32"), column, count, NULL_CODE)
        return pd.Categorical.from_codes(codes, categories=list(column.categories))
    match column.type:
        case "f8":
            return _spread(_numbers(column, "<f8", "float64"), column, count, np.nan)
        case "i8":
            return _maybe_nullable(_numbers(column, "<i8", "int64"), column, count, pd.arrays.IntegerArray)
        case "bool":
            return _maybe_nullable(_numbers(column, "u1", "bool"), column, count, pd.arrays.BooleanArray)
        case "time":
            return _times(column, count)
        case "str":  # pandas' own type for texts, which is another one in each of its major versions
            return pd.Series(_objects(column, count))
        case _:
            return pd.Series(_objects(column, count), dtype=object)


def _numbers(column: Column, packed: str, native: str) -> Numbers:
    import numpy as np

    return np.frombuffer(column.packed, packed).astype(native)


def _maybe_nullable(values: Numbers, column: Column, count: int, array: Any) -> Any:
    """numpy's own type where all rows are present."""
    if not column.absent:
        return values
    return array(_spread(values, column, count, 0), ~_is_present(column, count))


def _times(column: Column, count: int) -> Any:
    import numpy as np

    moments = _numbers(column, "<i8", "int64").view(f"datetime64[{column.unit or 'us'}]")
    series = _pandas().Series(_spread(moments, column, count, np.datetime64("NaT")))
    return series if column.tz is None else series.dt.tz_localize("UTC").dt.tz_convert(timestamps.zone(column.tz))


def _spread(values: Numbers, column: Column, count: int, missing: Any) -> Numbers:
    """The present values at their rows, `missing` in the others."""
    import numpy as np

    if not column.absent:
        return values
    whole = np.full(count, missing, dtype=values.dtype)
    whole[_is_present(column, count)] = values
    return whole


def _is_present(column: Column, count: int) -> Numbers:
    import numpy as np

    present = np.ones(count, dtype=bool)
    present[list(column.absent)] = False
    return present


def _objects(column: Column, count: int) -> list[Any]:
    values = column.python_values()
    if not column.absent:
        return values
    absent, present = frozenset(column.absent), iter(values)
    return [None if row in absent else next(present) for row in range(count)]
