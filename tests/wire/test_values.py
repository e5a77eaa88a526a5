"""The fate of each kind of value, as docs/reference/values.md tells it."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import json
import math
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import TooLargeError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.messages import Delivery
from livedash.wire.values import columns_of_records, plain_record, record_bytes

BERLIN = ZoneInfo("Europe/Berlin")
naive = dt.datetime.fromisoformat


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Kind(enum.StrEnum):
    FAST = "fast"


@dataclass
class Reading:
    value: float
    tags: set[str]


class Tensor:
    """As torch has it: its values come out only when it is detached from its graph."""

    def __init__(self, values: Any) -> None:
        self._values = values
        self._hangs_in_graph = True

    def detach(self) -> Tensor:
        detached = Tensor(self._values)
        detached._hangs_in_graph = False
        return detached

    def numel(self) -> int:
        return np.size(self._values)

    @property
    def size(self) -> Any:
        return lambda: np.shape(self._values)

    def tolist(self) -> Any:
        if self._hangs_in_graph:
            raise RuntimeError("Can't call tolist() on a tensor that requires grad")
        return self._values


class MetaTensor:
    def tolist(self) -> Any:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")


class EagerTensor:
    """As TensorFlow has it."""

    def numpy(self) -> Any:
        return np.float32(0.5)


def sent_and_read(value: Any) -> Any:
    """The value as a viewer of shape `records` gets it in JSON."""
    batch = Batch.from_records([plain_record({"v": value})], [0])
    message = json.loads(JSON.encode(Delivery("r", "e", 1, batch, "records")))
    return message["records"][0]["v"]


def type_of(*values: Any) -> str:
    return columns_of_records([plain_record({"v": value}) for value in values])["v"].type


FATES: list[tuple[Any, Any]] = [
    # Python's own
    (1.5, 1.5),
    (3, 3),
    (True, True),
    (None, None),
    ("größe", "größe"),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    (2**63 - 1, 2**63 - 1),
    (-(2**63), -(2**63)),
    (2**63, str(2**63)),
    (-(2**70), str(-(2**70))),
    (Decimal("1.25"), 1.25),
    (Decimal("NaN"), None),
    (Decimal("sNaN"), None),
    (Fraction(1, 4), 0.25),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Kind.FAST, "fast"),
    (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ([1, [2, "a"], None], [1, [2, "a"], None]),
    ((1, 2), [1, 2]),
    ({3, 1, 2}, [1, 2, 3]),
    (range(3), [0, 1, 2]),
    (collections.deque([1, 2]), [1, 2]),
    ({"a": {"b": [1, math.nan]}}, {"a": {"b": [1, None]}}),
    (Reading(1.5, {"b", "a"}), {"value": 1.5, "tags": ["a", "b"]}),
    # times
    (naive("2026-07-01T12:00:00.5"), "2026-07-01T12:00:00.5"),
    (dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC), "2026-07-01T12:00:00Z"),
    (dt.datetime(2026, 7, 1, 12, tzinfo=BERLIN), "2026-07-01T12:00:00+02:00"),
    (dt.date(2026, 7, 1), "2026-07-01"),
    (dt.time(12, 30), "12:30:00"),
    (dt.timedelta(minutes=1.5), 90.0),
    ([dt.datetime(2026, 7, 1, tzinfo=dt.UTC)], ["2026-07-01T00:00:00Z"]),
    # numpy
    (np.float64(0.5), 0.5),
    (np.float32(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.longdouble(0.5), 0.5),
    (np.int64(-3), -3),
    (np.uint64(2**64 - 1), str(2**64 - 1)),
    (np.bool_(True), True),
    (np.str_("a"), "a"),
    (np.float64("nan"), None),
    (np.arange(3), [0, 1, 2]),
    (np.array(7), 7),
    (np.array([[1.5, np.nan]]), [[1.5, None]]),
    (np.array([0.5], dtype=np.longdouble), [0.5]),
    (np.datetime64("2026-07-01T12:00:00.000000001"), "2026-07-01T12:00:00"),
    (np.datetime64("2026-07-01"), "2026-07-01T00:00:00"),
    (np.datetime64("NaT"), None),
    (np.array(["2026-07-01", "NaT"], dtype="datetime64[ns]"), ["2026-07-01T00:00:00", None]),
    (np.timedelta64(1500, "ms"), 1.5),
    (np.timedelta64(1_500_000_000, "ns"), 1.5),
    (np.array([1, 2], dtype="timedelta64[ns]").astype("timedelta64[s]"), [0.0, 0.0]),
    # pandas
    (pd.Timestamp("2026-07-01T12:00:00.123456789", tz="UTC"), "2026-07-01T12:00:00.123456Z"),
    (pd.Timestamp("2026-07-01"), "2026-07-01T00:00:00"),
    (pd.Timedelta("90s"), 90.0),
    (pd.NaT, None),
    (pd.NA, None),
    (pd.Series([1.5, None]), [1.5, None]),
    (pd.Index(["a", "b"]), ["a", "b"]),
    # torch and others, by the methods that they have
    (Tensor(0.25), 0.25),
    (Tensor([[1.0, 2.0]]), [[1.0, 2.0]]),
    (EagerTensor(), 0.5),
]


@pytest.mark.parametrize(("value", "read"), FATES, ids=[f"{type(v).__name__}-{n}" for n, (v, _) in enumerate(FATES)])
def test_a_value_is_read_as_told(value: Any, read: Any) -> None:
    got = sent_and_read(value)
    assert got == read
    assert type(got) is type(read)


def test_nan_and_infinities_stay_what_they_are_in_the_binary_codec() -> None:
    batch = Batch.from_records([{"v": v, "n": [v]} for v in (math.nan, math.inf, -math.inf)], [0, 0, 0])
    message = MSGPACK.decode_from_hub(MSGPACK.encode(Delivery("r", "e", 3, batch, "columns")))
    assert isinstance(message, Delivery)
    records = message.batch.records()
    assert math.isnan(records[0]["v"])
    assert math.isnan(records[0]["n"][0])
    assert [record["v"] for record in records[1:]] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1.5, 2.5], "f8"),
        ([1, 2], "i8"),
        ([1, 2.5], "f8"),
        ([1.5, None], "f8"),
        ([1, 2.5, None], "f8"),
        ([2**53, 2.5], "json"),
        ([1, None], "json"),
        ([1, 2**63], "json"),
        ([True, False], "bool"),
        ([True, 1], "json"),
        ([True, None], "json"),
        (["a", None], "str"),
        (["a", 1], "json"),
        ([None, None], "json"),
        ([[1]], "json"),
        ([{"a": 1}], "json"),
        ([naive("2026-07-01"), None], "time"),
        ([naive("2026-07-01"), dt.datetime(2026, 7, 1, tzinfo=dt.UTC)], "json"),
        ([naive("2026-07-01"), "2026-07-01"], "json"),
        ([dt.date(2026, 7, 1)], "str"),
    ],
)
def test_a_field_has_the_narrowest_type_that_keeps_its_values(values: list[Any], type_: str) -> None:
    assert type_of(*values) == type_


def test_null_and_integers_stay_apart_in_a_field_that_has_both() -> None:
    records: list[dict[str, Any]] = [{"v": 2**53}, {"v": None}, {"v": 0.5}]
    assert Batch.from_records(records, [0, 0, 0]).records() == records


def test_times_of_different_zones_share_utc_and_stay_the_same_moments() -> None:
    berlin = dt.datetime(2026, 7, 1, 12, tzinfo=BERLIN)
    column = columns_of_records([{"v": berlin}, {"v": berlin.astimezone(dt.UTC)}])["v"]
    assert (column.type, column.tz) == ("time", "UTC")
    assert column.python_values() == ["2026-07-01T10:00:00Z"] * 2


def test_aware_and_naive_times_in_one_field_are_texts_that_tell_them_apart() -> None:
    records: list[dict[str, Any]] = [
        {"v": naive("2026-07-01")},
        {"v": dt.datetime(2026, 7, 1, tzinfo=dt.UTC)},
        {"v": None},
    ]
    assert columns_of_records(records)["v"].values == ["2026-07-01T00:00:00", "2026-07-01T00:00:00Z", None]


def test_a_missing_field_is_absent_and_no_null() -> None:
    columns = columns_of_records([{"a": 1}, {"b": None}, {"a": 2, "b": "x"}])
    assert columns["a"].absent == (1,)
    assert columns["b"].absent == (0,)
    assert columns["b"].values == [None, "x"]


@pytest.mark.parametrize("value", [b"raw", bytearray(b"raw"), memoryview(b"raw"), np.bytes_(b"raw")])
def test_bytes_are_refused_with_the_path_and_the_way_out(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match=r"field 'a\.b\[1\]' holds .* value\.decode\(\)"):
        plain_record({"a": {"b": [0, value]}})


@pytest.mark.parametrize("value", [object(), 1 + 2j, np.complex64(1j), (n for n in [1]), print, pd.DataFrame(), int])
def test_what_stands_for_nothing_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match="field 'thing' holds"):
        plain_record({"thing": value})


def test_another_librarys_failure_is_told_as_the_fields_refusal() -> None:
    with pytest.raises(ValueRefusedError, match="field 'loss' holds MetaTensor, which gives no value: Cannot copy out"):
        plain_record({"loss": MetaTensor()})
    with pytest.raises(ValueRefusedError, match="which gives no value"):
        plain_record({"ratio": Fraction(10**400)})


@pytest.mark.parametrize("name", [1, None, b"a", ("a", "b"), 1.5])
def test_field_names_are_texts(name: Any) -> None:
    with pytest.raises(ValueRefusedError, match="are texts, not"):
        plain_record({name: 1})
    with pytest.raises(ValueRefusedError, match=r"of 'deep\[0\]' of a record are texts, not"):
        plain_record({"deep": [{name: 1}]})


def test_field_names_that_are_texts_by_inheritance_are_taken_as_plain_ones() -> None:
    record = plain_record({np.str_("a"): 1, Kind.FAST: 2})
    assert record == {"a": 1, "fast": 2}
    assert {type(name) for name in record} == {str}


def test_what_is_no_mapping_is_no_record() -> None:
    with pytest.raises(ValueRefusedError, match="a record is a mapping of fields, not list"):
        plain_record([1])  # type: ignore[arg-type]


def test_a_lone_surrogate_can_be_encoded_afterwards_in_values_and_names() -> None:
    record = plain_record({"name\udcff": "file\udcff.txt"})
    assert record == {"name\ufffd\ufffd\ufffd": "file\ufffd\ufffd\ufffd.txt"}
    hot_path = Batch.from_records([{"\ud800": 1}, {"a": 1}], [0, 0])  # push hands plain fields over as they are
    assert JSON.encode(Delivery("r", "e", 2, hot_path, "columns"))


def test_an_integer_of_more_digits_than_python_prints_is_hexadecimal() -> None:
    assert sent_and_read(10**5000) == hex(10**5000)


def test_a_record_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueRefusedError, match="deeper than 64 levels, or holds itself"):
        plain_record({"loop": loop})


def test_nesting_is_carried_up_to_the_bound() -> None:
    deep: Any = 1
    for _ in range(limits.RECORD_DEPTH - 1):
        deep = [deep]
    assert sent_and_read(deep) == deep
    with pytest.raises(ValueRefusedError, match="nested deeper"):
        plain_record({"v": [[deep]]})


def test_a_record_above_its_bound_is_refused_with_both_sizes() -> None:
    with pytest.raises(TooLargeError, match="holds 1048576 bytes at most; this one has 10485"):
        plain_record({"v": "x" * limits.RECORD_BYTES})
    with pytest.raises(TooLargeError, match="4096 fields at most"):
        plain_record({f"f{number}": 1 for number in range(limits.RECORD_FIELDS + 1)})


@pytest.mark.parametrize("large", [np.zeros((2000, 2000)), range(10**12), Tensor(np.zeros((2000, 2000)))])
def test_a_large_array_is_refused_before_its_values_are_looked_at(large: Any) -> None:
    with pytest.raises(TooLargeError, match="field 'image' holds"):
        plain_record({"image": large})


def test_later_changes_of_the_callers_objects_do_not_reach_the_record() -> None:
    inner = [1, 2]
    array = np.array([1, 2])
    record = plain_record({"list": inner, "array": array, "map": {"in": inner}})
    inner.append(3)
    array[0] = 9
    assert record == {"list": [1, 2], "array": [1, 2], "map": {"in": [1, 2]}}


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), PLAIN), min_size=1, max_size=6))
def test_all_that_json_has_comes_out_as_it_went_in(records: list[dict[str, Any]]) -> None:
    """Integers among floats become floats, which compare the same; null among floats is NaN, and null again in JSON."""
    batch = Batch.from_records([plain_record(record) for record in records], [0] * len(records))
    read = [{name: None if value != value else value for name, value in record.items()} for record in batch.records()]
    assert read == records
    assert all(list(record) == [name for name in batch.columns if name in record] for record in read)


def test_the_size_of_a_record_is_about_that_of_its_json() -> None:
    record = {"text": "x" * 1000, "list": list(range(100)), "map": {"a": [1.5] * 50}}
    assert 0.5 < record_bytes(record) / len(json.dumps(record)) < 2.5
