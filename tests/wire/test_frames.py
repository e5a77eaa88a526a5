from __future__ import annotations

import datetime as dt
import time
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from livedash import limits
from livedash.errors import TooLargeError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.frames import batches_of_frame, is_frame, to_pandas
from livedash.wire.messages import Delivery

NOW_US = 1_700_000_000_000_000


def whole(frame: Any) -> Batch:
    return Batch.concat(list(batches_of_frame(frame, NOW_US)))


def there_and_back(frame: Any) -> pd.DataFrame:
    """As it comes out of the binary codec, in a reader's process."""
    delivery = Delivery("table", "e1", len(frame), whole(frame), "columns")
    message = MSGPACK.decode_from_hub(MSGPACK.encode(delivery))
    assert isinstance(message, Delivery)
    return to_pandas(message.batch)


def test_numbers_texts_booleans_and_times_come_back_as_they_were() -> None:
    frame = pd.DataFrame(
        {
            "ratio": [1.5, np.nan, np.inf],
            "count": [1, 2**60, -3],
            "flag": [True, False, True],
            "text": ["a", None, "ü"],
            "aware": pd.date_range("2026-03-29", periods=3, freq="h", tz="Europe/Berlin"),
            "naive": pd.to_datetime(
                ["2026-01-01T00:00:00.000000001", None, "2026-01-02T00:00:00"], format="ISO8601"
            ).astype("datetime64[ns]"),
        }
    )
    pd.testing.assert_frame_equal(there_and_back(frame), frame)


def test_nan_reaches_a_json_reader_as_null() -> None:
    delivery = Delivery("table", "e1", 2, whole(pd.DataFrame({"x": [1.5, np.nan]})), "columns")
    assert b'"values":[1.5,null]' in JSON.encode(delivery)


def test_all_rows_have_the_time_of_the_push() -> None:
    assert whole(pd.DataFrame({"x": [1, 2]})).times_us() == [NOW_US, NOW_US]


def test_row_number_as_index_is_left_out() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert list(whole(frame).columns) == ["x"]
    assert list(whole(frame[1:]).columns) == ["x"]


def test_any_other_index_becomes_columns_that_come_first() -> None:
    named = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert there_and_back(named).to_dict("list") == {"who": ["a", "b"], "x": [1, 2]}
    nameless = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    assert list(whole(nameless).columns) == ["index", "x"]
    levels = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["who", None])
    assert list(whole(pd.DataFrame({"x": [1, 2]}, index=levels)).columns) == ["who", "level_1", "x"]


def test_index_with_the_name_of_a_column_is_refused_with_the_way_out() -> None:
    frame = pd.DataFrame({"x": [1]}, index=pd.Index([5], name="x"))
    with pytest.raises(ValueRefusedError, match="reset_index"):
        list(batches_of_frame(frame, NOW_US))


def test_column_names_become_texts() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), index=["row"])
    assert list(whole(frame).columns) == ["index", "a.1", "a.2"]
    assert list(whole(pd.DataFrame([[1, 2]])).columns) == ["0", "1"]


def test_name_that_two_columns_have_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match="'1' twice"):
        list(batches_of_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]), NOW_US))


def test_frame_without_rows_gives_no_batch() -> None:
    assert list(batches_of_frame(pd.DataFrame({"x": []}), NOW_US)) == []
    assert list(batches_of_frame(pl.DataFrame({"x": []}), NOW_US)) == []


def test_long_frame_is_cut_into_batches_that_travel_well() -> None:
    count = 2 * limits.PUBLISH_BATCH_RECORDS + 1
    frame = pd.DataFrame({"x": np.arange(count)})
    batches = list(batches_of_frame(frame, NOW_US))
    assert [batch.count for batch in batches] == [limits.PUBLISH_BATCH_RECORDS, limits.PUBLISH_BATCH_RECORDS, 1]
    pd.testing.assert_frame_equal(to_pandas(Batch.concat(batches)), frame)


def test_long_texts_that_lie_together_are_cut_into_small_batches() -> None:
    text = "x" * (limits.RECORD_BYTES // 2)
    frame = pd.DataFrame({"x": ["", *[text] * 40, ""]})
    batches = list(batches_of_frame(frame, NOW_US))
    assert max(batch.nbytes for batch in batches) <= limits.PUBLISH_BATCH_BYTES
    assert sum(batch.count for batch in batches) == len(frame)


def test_row_above_the_bound_of_a_record_is_refused_before_anything_is_given() -> None:
    frame = pd.DataFrame({"x": ["", "x" * (limits.RECORD_BYTES + 1)]})
    with pytest.raises(TooLargeError, match=str(limits.RECORD_BYTES)):
        batches_of_frame(frame, NOW_US)
    with pytest.raises(TooLargeError, match="4096 fields"):
        batches_of_frame(pd.DataFrame(np.zeros((1, limits.RECORD_FIELDS + 1))), NOW_US)


def test_value_that_can_not_be_carried_is_refused_with_its_place() -> None:
    with pytest.raises(ValueRefusedError, match=r"'x\[1\]' holds complex"):
        batches_of_frame(pd.DataFrame({"x": [1, 1j]}, dtype=object), NOW_US)


def test_fields_that_some_records_lack_come_back_as_nullable_types() -> None:
    records = [{"i": 1, "b": True, "f": 1.5, "s": "a", "t": dt.datetime.fromisoformat("2026-01-01")}, {"other": [1]}]
    frame = to_pandas(Batch.from_records(records, [1, 2]))
    assert frame["i"].dtype == "Int64"
    assert frame["b"].dtype == "boolean"
    assert frame["f"].isna().tolist() == [False, True]
    assert frame["t"].isna().tolist() == [False, True]
    assert frame["other"].tolist() == [None, [1]]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [1]}),
        type("Subclass", (pd.DataFrame,), {})({"x": [1]}),
        pl.DataFrame({"x": [1]}),
        pl.LazyFrame({"x": [1]}),
        pa.table({"x": [1]}),
    ],
    ids=["pandas", "subclass", "polars", "lazy", "arrow"],
)
def test_frame_is_known_without_importing_its_library(frame: Any) -> None:
    assert is_frame(frame)


@pytest.mark.parametrize("value", [{"x": 1}, [1], np.zeros(3), pd.Series([1]), None, "text"], ids=repr)
def test_other_values_are_no_frame(value: Any) -> None:
    assert not is_frame(value)


def test_million_rows_of_five_columns_take_less_than_two_seconds() -> None:
    count = 1_000_000
    frame = pd.DataFrame(
        {
            "at": pd.date_range("2026-01-01", periods=count, freq="s", tz="UTC"),
            "a": np.linspace(0, 1, count),
            "b": np.arange(count),
            "c": np.arange(count) % 2 == 0,
            "d": pd.Series(["x", "y"] * (count // 2)),
        }
    )
    start_s = time.perf_counter()
    batches = list(batches_of_frame(frame, NOW_US))
    assert time.perf_counter() - start_s < 2
    pd.testing.assert_frame_equal(to_pandas(Batch.concat(batches)), frame)
