from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from livedash.errors import ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.column import Column
from livedash.wire.frames import batches_of_frame, to_pandas


def back(series: pl.Series | pa.Array[Any]) -> tuple[Column, pd.Series[Any]]:
    """The column that travels, and the pandas series that it becomes."""
    frame = pl.DataFrame({"x": series}) if isinstance(series, pl.Series) else pa.table({"x": series})
    batch = Batch.concat(list(batches_of_frame(frame, 1)))
    return batch.columns["x"], to_pandas(batch)["x"]


@pytest.mark.parametrize("series", [pl.Series([1, None, 2**60]), pa.array([1, None, 2**60])], ids=["polars", "arrow"])
def test_missing_integers_are_absent_so_that_the_others_stay_exact(series: Any) -> None:
    column, returned = back(series)
    assert (column.type, column.absent, returned.dtype) == ("i8", (1,), "Int64")
    assert returned.tolist() == [1, pd.NA, 2**60]


@pytest.mark.parametrize("series", [pl.Series([True, None]), pa.array([True, None])], ids=["polars", "arrow"])
def test_missing_booleans_are_absent(series: Any) -> None:
    column, returned = back(series)
    assert (column.type, column.absent, returned.tolist()) == ("bool", (1,), [True, pd.NA])


def test_numbers_without_missing_ones_come_back_as_numpy_s_own() -> None:
    assert back(pl.Series([1, 2], dtype=pl.Int8))[1].dtype == "int64"
    assert back(pl.Series([True, False]))[1].dtype == "bool"
    assert back(pl.Series([1, 2**64 - 1], dtype=pl.UInt64))[1].tolist() == [1, "18446744073709551615"]


@pytest.mark.parametrize("series", [pl.Series([1.5, None]), pa.array([1.5, None])], ids=["polars", "arrow"])
def test_missing_floats_are_nan(series: Any) -> None:
    column, returned = back(series)
    assert (column.type, column.absent, returned[0]) == ("f8", (), 1.5)
    assert np.isnan(returned[1])


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_keep_their_unit_and_their_zone(unit: Any, zone: str | None) -> None:
    moment = dt.datetime.fromisoformat("2026-03-29T00:30")
    column, returned = back(pl.Series([moment, None]).cast(pl.Datetime(unit)).dt.replace_time_zone(zone))
    assert (column.type, column.unit, column.tz) == ("time", unit, zone)
    assert returned[0] == pd.Timestamp(moment, tz=zone)
    assert returned.isna().tolist() == [False, True]


def test_arrow_s_times_in_seconds_become_milliseconds() -> None:
    column, returned = back(pa.array([1, None], pa.timestamp("s", "UTC")))
    assert (column.unit, returned[0]) == ("ms", pd.Timestamp(1, unit="s", tz="UTC"))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_durations_become_seconds(unit: Any) -> None:
    column, returned = back(pl.Series([dt.timedelta(milliseconds=1500), None]).cast(pl.Duration(unit)))
    assert (column.type, returned[0]) == ("f8", 1.5)
    assert np.isnan(returned[1])


def test_categories_come_back_as_categories() -> None:
    column, returned = back(pl.Series(["b", None, "a"], dtype=pl.Enum(["a", "b", "unused"])))
    assert column.categories == ("a", "b", "unused")
    assert returned.tolist()[0::2] == ["b", "a"]
    assert back(pl.Series(["b", None, "a"], dtype=pl.Categorical))[0].categories == ("b", "a")
    assert back(pa.array(["b", None]).dictionary_encode())[0].categories == ("b",)


def test_texts_dates_decimals_lists_and_structs_have_the_fate_that_they_have_in_a_record() -> None:
    assert back(pl.Series(["ü", None]))[0].values == ["ü", None]
    assert back(pl.Series([dt.date(2026, 1, 2), None]))[0].values == ["2026-01-02", None]
    assert back(pl.Series([Decimal("1.25")]))[1].tolist() == [1.25]
    assert back(pl.Series([[1], None]))[1].tolist() == [[1], None]
    assert back(pl.Series([{"k": 1}, None]))[1].tolist() == [{"k": 1}, None]
    assert back(pl.Series([None, None]))[1].tolist() == [None, None]


def test_lazy_frame_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueRefusedError, match="collect"):
        batches_of_frame(pl.LazyFrame({"x": [1]}), 1)
