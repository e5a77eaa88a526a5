from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from livedash.errors import ValueRefusedError
from livedash.wire.column import Column
from livedash.wire.pandas_columns import column_of_series, frame_of_columns

NA = pd.NA


def back(values: Any, **options: Any) -> tuple[Column, pd.Series[Any]]:
    """The column that travels, and the series that it becomes."""
    series = pd.Series(values, **options)
    column = column_of_series(series, "x")
    return column, frame_of_columns({"x": column}, len(series))["x"]


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_integers_are_exact_and_come_back_as_int64(kind: str) -> None:
    largest = min(np.iinfo(kind).max, 2**63 - 1)
    column, series = back([0, largest], dtype=kind)
    assert (column.type, series.dtype) == ("i8", "int64")
    assert series.tolist() == [0, largest]


def test_unsigned_integers_beyond_int64_become_texts() -> None:
    column, series = back([1, 2**64 - 1], dtype="uint64")
    assert (column.type, series.tolist()) == ("json", [1, "18446744073709551615"])


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "Float32", "Float64", "float[pyarrow]"])
def test_floats_come_back_as_float64_and_what_is_missing_as_nan(kind: str) -> None:
    column, series = back([1.5, None], dtype=kind)
    assert (column.type, column.absent, series.dtype) == ("f8", (), "float64")
    assert series.isna().tolist() == [False, True]


@pytest.mark.parametrize("kind", ["Int8", "Int64", "UInt64", "int64[pyarrow]"])
def test_missing_integers_are_absent_so_that_the_others_stay_exact(kind: str) -> None:
    column, series = back([1, NA, 2], dtype=kind)
    assert (column.type, column.absent, series.dtype) == ("i8", (1,), "Int64")
    assert series.tolist() == [1, NA, 2]


@pytest.mark.parametrize("kind", ["boolean", "bool[pyarrow]"])
def test_missing_booleans_are_absent(kind: str) -> None:
    column, series = back([True, NA, False], dtype=kind)
    assert (column.type, column.absent, series.dtype) == ("bool", (1,), "boolean")
    assert series.tolist() == [True, NA, False]


@pytest.mark.parametrize("kind", ["object", "string", "string[pyarrow]"])
def test_texts_come_back_as_texts_and_what_is_missing_as_missing(kind: str) -> None:
    column, series = back(["ü", None], dtype=kind)
    assert (column.type, column.values) == ("str", ["ü", None])
    pd.testing.assert_series_equal(series, pd.Series(["ü", None], name="x"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "America/St_Johns"])
def test_times_keep_their_unit_and_their_zone_and_nat(unit: str, zone: str | None) -> None:
    given = pd.Series(pd.to_datetime(["2026-03-29T01:30:00", None]).tz_localize(zone).as_unit(unit), name="x")  # type: ignore[arg-type]
    column, series = back(given)
    assert (column.type, column.unit, column.tz) == ("time", unit, zone)
    pd.testing.assert_series_equal(series, given)


def test_times_with_an_offset_keep_it() -> None:
    given = pd.to_datetime(["2026-01-01T00:00:00+05:30"])
    column, series = back(given)
    assert column.tz == "+05:30"
    assert series[0] == given[0]
    assert series[0].utcoffset() == dt.timedelta(hours=5, minutes=30)


def test_times_of_arrow_are_times() -> None:
    column, series = back([dt.datetime.fromisoformat("2026-01-01"), None], dtype="timestamp[ms][pyarrow]")
    assert (column.type, column.unit, series.isna().tolist()) == ("time", "ms", [False, True])


def test_durations_become_seconds() -> None:
    column, series = back(pd.to_timedelta([1500, None], unit="ms"))
    assert column.type == "f8"
    assert series[0] == 1.5
    assert np.isnan(series[1])


@pytest.mark.parametrize("ordered", [False, True])
def test_categories_of_texts_come_back_as_categories_without_their_order(ordered: bool) -> None:
    given = pd.Categorical(["b", None, "a"], categories=["b", "a", "unused"], ordered=ordered)
    column, series = back(given)
    assert (column.type, column.categories) == ("str", ("b", "a", "unused"))
    assert series.cat.categories.tolist() == ["b", "a", "unused"]
    assert not series.cat.ordered
    assert series.tolist()[0::2] == ["b", "a"]
    assert series.isna().tolist() == [False, True, False]


def test_other_categories_become_their_values() -> None:
    column, series = back(pd.Categorical([3, None, 1]))
    assert (column.type, column.absent, series.tolist()) == ("i8", (1,), [3, NA, 1])
    column, series = back(pd.Categorical([0.5, None]))
    assert (column.type, series[0]) == ("f8", 0.5)
    assert np.isnan(series[1])


def test_dates_become_texts() -> None:
    assert back([dt.date(2026, 1, 2), None])[0].values == ["2026-01-02", None]
    assert back([dt.date(2026, 1, 2), None], dtype="date32[pyarrow]")[0].values == ["2026-01-02", None]


def test_decimals_become_floats() -> None:
    for kind in ("object", pd.ArrowDtype(pa.decimal128(10, 2))):
        column, series = back([Decimal("1.25"), None], dtype=kind)
        assert (column.type, series[0]) == ("f8", 1.25)


def test_periods_and_intervals_become_texts() -> None:
    assert back(pd.period_range("2026-01", periods=1, freq="M"))[0].values == ["2026-01"]
    assert back(pd.interval_range(0, 1))[0].values == ["(0, 1]"]


def test_sparse_values_become_dense() -> None:
    column, series = back(pd.arrays.SparseArray([0.0, 1.5]))
    assert (column.type, series.tolist()) == ("f8", [0.0, 1.5])


def test_objects_of_several_types_come_back_as_objects() -> None:
    column, series = back([1, "a", None, [np.float32(0.5)], {"k": np.int64(1)}])
    assert column.type == "json"
    assert series.tolist() == [1, "a", None, [0.5], {"k": 1}]


def test_objects_that_are_all_numbers_come_back_as_numbers() -> None:
    assert back([1, 2], dtype=object)[1].dtype == "int64"
    assert back([1.5, None], dtype=object)[1].dtype == "float64"


def test_arrow_lists_and_dictionaries_are_lists_and_texts() -> None:
    lists = pd.ArrowDtype(pa.list_(pa.int64()))
    assert back([[1, 2], None], dtype=lists)[1].tolist() == [[1, 2], None]
    words = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    assert back(["a", None], dtype=words)[0].values == ["a", None]


def test_value_without_a_plain_form_is_refused_with_its_row() -> None:
    with pytest.raises(ValueRefusedError, match=r"'x\[0\]' holds object"):
        back([object()])
