"""DataFrames to batches and back; how each kind of column goes is in pandas_columns and narwhals_columns.

docs/reference/values.md states what becomes of each kind of column; no frame library is imported before a frame comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from livedash import limits
from livedash.errors import TooLargeError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.column import Column
from livedash.wire.values import largest_bytes

if TYPE_CHECKING:
    import pandas as pd

_FRAME_MODULES: Final = frozenset({"pandas", "polars", "pyarrow", "modin", "cudf", "duckdb", "narwhals", "ibis"})


def is_frame(value: object) -> bool:
    """True for what `batches_of_frame` takes, seen without importing anything; a subclass of a DataFrame is one."""
    return bool(_FRAME_MODULES & _modules(value)) and hasattr(type(value), "columns")


def batches_of_frame(frame: Any, time_us: int) -> Iterator[Batch]:
    """The rows as records, all stamped `time_us`, in batches that travel well; no row, no batch.

    Raises ValueRefusedError for a name that two columns have and for a value that can't be carried, TooLargeError above
    the bounds of one record: before the first batch is given, so that a frame goes whole or not at all.
    """
    columns, count = _columns(frame)
    if count == 0:
        return iter(())
    _check_size(columns)
    return _batches(columns, count, time_us.to_bytes(8, "little", signed=True))


def to_pandas(batch: Batch) -> pd.DataFrame:
    """The records as a DataFrame, in the types in which they were pushed.

    Where some records do not have the field: integers and booleans come as nullable Int64 and boolean, floats as NaN,
    times as NaT, all else as None.
    """
    from livedash.wire.pandas_columns import frame_of_columns

    return frame_of_columns(batch.columns, batch.count)


def _columns(frame: Any) -> tuple[dict[str, Column], int]:
    if "pandas" in _modules(frame):
        from livedash.wire.pandas_columns import columns_of_pandas

        return _named(*columns_of_pandas(frame))
    from livedash.wire.narwhals_columns import columns_of_narwhals

    return _named(*columns_of_narwhals(frame))


def _named(names: list[str], columns: Iterator[Column], count: int) -> tuple[dict[str, Column], int]:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise ValueRefusedError(f"the frame has the column {twice[0]!r} twice; rename one, since a record has it once")
    if len(names) > limits.RECORD_FIELDS:
        raise TooLargeError(f"a record has {limits.RECORD_FIELDS} fields at most; this frame has {len(names)} columns")
    return dict(zip(names, columns, strict=True)), count


def _check_size(columns: dict[str, Column]) -> None:
    """By the largest value of each column: numbers alone never reach the bound."""
    size = sum(largest_bytes(column) for column in columns.values())
    if size > limits.RECORD_BYTES:
        raise TooLargeError(
            f"a record holds {limits.RECORD_BYTES} bytes at most; a row of this frame may have {size}: "
            "leave its longest column out, or push a link to the data"
        )


def _batches(columns: dict[str, Column], count: int, time: bytes) -> Iterator[Batch]:
    for start in range(0, count, limits.PUBLISH_BATCH_RECORDS):
        stop = min(start + limits.PUBLISH_BATCH_RECORDS, count)
        part = {name: column.slice(start, stop) for name, column in columns.items()}
        held = {name: column for name, column in part.items() if len(column.absent) < stop - start}
        yield from _halved(Batch(stop - start, time * (stop - start), held))


def _halved(batch: Batch) -> Iterator[Batch]:
    """Long texts may lie close together: each batch is cut until it is small enough, or has one row."""
    if batch.nbytes <= limits.PUBLISH_BATCH_BYTES or batch.count == 1:
        yield batch
        return
    middle = batch.count // 2
    yield from _halved(batch.slice(0, middle))
    yield from _halved(batch.slice(middle, batch.count))


def _modules(value: object) -> set[str]:
    return {kind.__module__.partition(".")[0] for kind in type(value).__mro__}
