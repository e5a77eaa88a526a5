"""DataFrames to batches and back: pandas by numpy's own bytes, polars, Arrow and others through narwhals.

docs/reference/values.md states what becomes of each kind of column; neither pandas nor numpy is imported before a frame comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from livedash import limits
from livedash.errors import ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.column import NULL_CODE, Column
from livedash.wire.values import column_of_values, plain_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_INT64_MAX: Final = 2**63 - 1
_FRAME_MODULES: Final = frozenset({"pandas", "polars", "pyarrow", "modin", "cudf", "duckdb", "narwhals", "ibis"})


def is_frame(value: object) -> bool:
    """True for what `batches_of_frame` takes, seen without importing anything."""
    root = type(value).__module__.partition(".")[0]
    return root in _FRAME_MODULES and (hasattr(value, "columns") or hasattr(value, "__arrow_c_stream__"))


def batches_of_frame(frame: Any, time_us: int) -> Iterator[Batch]:
    """The rows as records, all stamped `time_us`, in batches that travel well.

    Raises ValueRefusedError for a frame that has a column's name twice, or a value that can't be carried.
    """
    columns, count = _columns_of_pandas(frame) if _is_pandas(frame) else _columns_of_narwhals(frame)
    if count == 0:
        return
    whole = Batch(count, time_us.to_bytes(8, "little", signed=True) * count, columns)
    rows = max(1, min(limits.PUBLISH_BATCH_RECORDS, limits.PUBLISH_BATCH_BYTES * count // whole.nbytes))
    for start in range(0, count, rows):
        yield whole.slice(start, start + rows)


def to_pandas(batch: Batch) -> pd.DataFrame:
    """The records as a DataFrame, in the types in which they were pushed.

    Integers and booleans of a field that some records do not have come as nullable Int64 and boolean, texts as None.
    """
    import pandas as pd

    return pd.DataFrame(
        {name: _series(column, batch.count) for name, column in batch.columns.items()}, index=pd.RangeIndex(batch.count)
    )


# pandas to columns


def _is_pandas(frame: object) -> bool:
    return type(frame).__module__.partition(".")[0] == "pandas"


def _columns_of_pandas(frame: Any) -> tuple[dict[str, Column], int]:
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    is_default = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not is_default:
        frame = frame.reset_index()
    names = _checked_names([_joined_name(name) for name in frame.columns])
    columns = {name: _column_of_series(frame.iloc[:, place], name) for place, name in enumerate(names)}
    return columns, len(frame)


def _joined_name(name: object) -> str:
    """A MultiIndex's levels are joined by dots."""
    return ".".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _checked_names(names: list[str]) -> list[str]:
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise ValueRefusedError(f"the frame has the column {sorted(twice)[0]!r} twice; rename one, since a record has it once")
    return names


def _column_of_series(series: pd.Series[Any], name: str) -> Column:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _column_of_categorical(series, name)
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return _column_of_datetimes(series)
    if dtype.kind == "m":
        return Column("f8", _f8(series.dt.total_seconds().to_numpy()))
    if dtype.kind in "biuf":
        return _column_of_numbers(series)
    return _column_of_objects(series, name)


def _column_of_numbers(series: pd.Series[Any]) -> Column:
    """numpy's dtypes as they are; nullable and Arrow ones leave NA rows out, or keep NaN where they are floats."""
    import numpy as np
    import pandas as pd

    if isinstance(series.dtype, np.dtype):
        return _column_of_numpy(series.to_numpy())
    if series.dtype.kind == "f":
        return Column("f8", _f8(series.to_numpy(dtype="float64", na_value=np.nan)))
    missing = series.isna().to_numpy()
    absent = tuple(np.flatnonzero(missing).tolist())
    present = series[~missing] if absent else series
    kind = {"b": "bool", "i": "int64", "u": "uint64"}[series.dtype.kind]
    column = _column_of_numpy(pd.Series(present).to_numpy(dtype=kind))
    return Column(column.type, column.values, absent)


def _column_of_numpy(values: np.ndarray[Any, Any]) -> Column:
    kind = values.dtype.kind
    if kind == "f":
        return Column("f8", _f8(values))
    if kind == "b":
        return Column("bool", values.astype("u1").tobytes())
    if kind == "u" and len(values) and int(values.max()) > _INT64_MAX:
        return column_of_values(values.tolist(), ())
    return Column("i8", values.astype("<i8").tobytes())


def _f8(values: np.ndarray[Any, Any]) -> bytes:
    return values.astype("<f8").tobytes()


def _column_of_datetimes(series: pd.Series[Any]) -> Column:
    """In the unit that the frame has; missing ones are NaT on the other side, too."""
    zone = getattr(series.dt, "tz", None)
    naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else series
    values = naive.to_numpy(dtype=f"datetime64[{getattr(series.dt, 'unit', 'ns')}]")
    unit = str(values.dtype)[len("datetime64[") : -1]
    return Column("time", values.astype("<i8").tobytes(), (), unit, None if zone is None else _zone_text(zone))


def _zone_text(zone: Any) -> str:
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone).removeprefix("UTC") or "UTC"


def _column_of_categorical(series: pd.Series[Any], name: str) -> Column:
    categories = series.cat.categories.tolist()
    if not all(type(category) is str for category in categories):
        return _column_of_objects(series.astype(object), name)
    codes = series.cat.codes.to_numpy().astype("<i4").tobytes()
    return Column("str", codes, categories=tuple(categories))


def _column_of_objects(series: pd.Series[Any], name: str) -> Column:
    values = series.astype(object).where(series.notna(), None).tolist() if series.hasnans else series.tolist()
    if set(map(type, values)) <= {str, type(None)}:
        return column_of_values(values, ())
    return column_of_values([plain_value(value, f"{name}[{row}]") for row, value in enumerate(values)], ())


# Other frames to columns


def _columns_of_narwhals(frame: Any) -> tuple[dict[str, Column], int]:
    import narwhals as nw

    try:
        eager = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise ValueRefusedError(
            f"{type(frame).__name__} is no DataFrame that can be pushed: {error}; collect a lazy one first"
        ) from error
    names = _checked_names([str(name) for name in eager.columns])
    return {name: _column_of_narwhals(eager[name], name) for name in names}, len(eager)


def _column_of_narwhals(series: Any, name: str) -> Column:
    if series.dtype.is_numeric() and not series.dtype.is_decimal() and series.null_count() == 0:
        return _column_of_numpy(series.to_numpy())
    values = series.to_list()
    if series.dtype.is_integer():
        absent = tuple(row for row, value in enumerate(values) if value is None)
        return column_of_values([value for value in values if value is not None], absent)
    return column_of_values([plain_value(value, f"{name}[{row}]") for row, value in enumerate(values)], ())


# Columns to pandas


def _pandas() -> Any:
    """Untyped: its stubs know no column whose type is only known when it comes."""
    import pandas

    return pandas


def _series(column: Column, count: int) -> Any:
    import numpy as np
    pd = _pandas()

    if column.categories is not None:
        return _categorical(column, count)
    match column.type:
        case "f8":
            return _spread(np.frombuffer(column.values, "<f8").copy(), column, count, np.nan)  # type: ignore[arg-type]
        case "i8" | "bool":
            kind = ("<i8", "Int64") if column.type == "i8" else ("?", "boolean")
            values = np.frombuffer(column.values, kind[0]).copy()  # type: ignore[arg-type]
            return values if not column.absent else pd.array(_objects(values.tolist(), column, count), dtype=kind[1])
        case "time":
            return _times(column, count)
        case _:
            return pd.Series(_objects(column.python_values(), column, count), dtype=object)


def _times(column: Column, count: int) -> Any:
    import numpy as np
    pd = _pandas()

    numbers = np.frombuffer(column.values, "<i8").astype("int64")  # type: ignore[arg-type]
    stamps = _spread(numbers.view(f"datetime64[{column.unit or 'us'}]"), column, count, np.datetime64("NaT"))
    series = pd.Series(stamps)
    return series if column.tz is None else series.dt.tz_localize("UTC").dt.tz_convert(_pandas_zone(column.tz))


def _pandas_zone(name: str) -> Any:
    from livedash.wire import timestamps

    return timestamps.zone(name)


def _categorical(column: Column, count: int) -> Any:
    import numpy as np
    pd = _pandas()

    codes = _spread(np.frombuffer(column.values, "<i4").copy(), column, count, NULL_CODE)  # type: ignore[arg-type]
    return pd.Categorical.from_codes(codes, categories=list(column.categories or ()))


def _spread(values: np.ndarray[Any, Any], column: Column, count: int, missing: Any) -> np.ndarray[Any, Any]:
    """The present values at their rows, `missing` in the others."""
    import numpy as np

    if not column.absent:
        return values
    whole = np.full(count, missing, dtype=values.dtype)
    present = np.ones(count, dtype=bool)
    present[list(column.absent)] = False
    whole[present] = values
    return whole


def _objects(values: list[Any], column: Column, count: int) -> list[Any]:
    if not column.absent:
        return values
    absent, present = frozenset(column.absent), iter(values)
    return [None if row in absent else next(present) for row in range(count)]
