from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import ProtocolError
from livedash.wire.batch import EMPTY, Batch, joinable
from livedash.wire.column import NAT, Column, pack

VALUE = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.lists(st.integers(-9, 9), max_size=2)
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUE), min_size=1, max_size=8)


def batch_of(records: list[dict[str, Any]], first_time: int = 0) -> Batch:
    return Batch.from_records(records, range(first_time, first_time + len(records)))


def comparable(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Null among floats is NaN in a batch: both are null in JSON."""
    return [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in record.items()}
        for record in records
    ]


@given(RECORDS, st.data())
def test_a_slice_at_any_offset_has_its_records_and_their_times(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    batch = batch_of(records)
    start = data.draw(st.integers(0, len(records)))
    stop = data.draw(st.integers(0, len(records)))
    part = batch.slice(start, stop)
    assert comparable(part.records()) == comparable(batch.records()[start:stop])
    assert part.times_us() == batch.times_us()[start:stop]
    assert part.count == max(0, stop - start)


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_joining_keeps_every_value_whatever_the_types_were(many: list[list[dict[str, Any]]]) -> None:
    batches = [batch_of(records, 100 * number) for number, records in enumerate(many)]
    joined = Batch.concat(batches)
    assert comparable(joined.records()) == comparable([record for records in many for record in records])
    assert joined.times_us() == [time for batch in batches for time in batch.times_us()]
    assert Batch.checked(joined.count, joined.times, joined.columns) is not None


@given(RECORDS, st.integers(0, 8))
def test_what_is_cut_and_joined_again_is_the_same(records: list[dict[str, Any]], at: int) -> None:
    batch = batch_of(records)
    parts = [part for part in (batch.slice(0, at), batch.slice(at, batch.count)) if part.count]
    assert comparable(Batch.concat(parts).records()) == comparable(batch.records())


@given(RECORDS, st.data())
def test_taking_rows_gives_their_records_in_their_order(records: list[dict[str, Any]], data: st.DataObject) -> None:
    batch = batch_of(records)
    rows = data.draw(st.lists(st.integers(0, len(records) - 1), max_size=10))
    assert comparable(batch.take(rows).records()) == comparable([batch.records()[row] for row in rows])
    assert batch.take(rows).times_us() == rows


def test_slicing_out_all_rows_gives_the_batch_itself_and_no_rows_an_empty_one() -> None:
    batch = batch_of([{"a": 1}, {"a": 2}])
    assert batch.slice(0, 2) is batch
    assert batch.slice(-5, 99) is batch
    assert batch.slice(1, 1) is EMPTY
    assert batch.slice(2, 0).count == 0


def test_a_field_that_no_row_of_a_slice_has_is_gone_from_it() -> None:
    assert list(batch_of([{"a": 1}, {"b": 2}]).slice(0, 1).columns) == ["a"]


def test_records_without_fields_are_records() -> None:
    assert batch_of([{}, {}]).records() == [{}, {}]
    assert Batch.concat([batch_of([{}]), batch_of([{"a": 1}])]).records() == [{}, {"a": 1}]


def test_the_times_of_the_first_and_the_last_record_are_told() -> None:
    batch = batch_of([{"a": 1}] * 3, 7)
    assert (batch.first_time_us(), batch.last_time_us()) == (7, 9)


def joined(*columns: Column) -> Column:
    return Batch.concat(
        [Batch(column.present, bytes(8 * column.present), {"v": column}) for column in columns]
    ).columns["v"]


def times(unit: str | None, tz: str | None, *values: int) -> Column:
    return Column("time", pack("q", values), unit=unit, tz=tz)


def test_times_of_different_units_are_joined_in_the_finer_one() -> None:
    column = joined(times("s", None, 2, NAT), times(None, None, 3), times("ns", None, 5))
    assert (column.type, column.unit) == ("time", "ns")
    assert column.values == pack("q", [2_000_000_000, NAT, 3_000, 5])


def test_times_of_different_zones_are_joined_in_utc() -> None:
    column = joined(times("us", "Europe/Berlin", 1), times("us", "Asia/Tokyo", 2))
    assert (column.tz, column.values) == ("UTC", pack("q", [1, 2]))


def test_a_batch_in_which_a_time_was_always_null_does_not_make_texts_of_the_others() -> None:
    column = joined(Column("json", [None, None]), times("us", "UTC", 1))
    assert (column.type, column.values) == ("time", pack("q", [NAT, NAT, 1]))


def test_times_with_and_without_a_zone_are_joined_as_texts() -> None:
    column = joined(times("us", "UTC", 1), times("us", None, 1))
    assert column == Column("json", ["1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.000001"])


def test_times_that_no_common_unit_holds_are_joined_as_texts() -> None:
    assert joined(times("s", None, 2**40), times("ns", None, 1)).type == "json"


def test_integers_join_floats_only_where_they_stay_exact() -> None:
    floats = Column("f8", pack("d", [0.5]))
    assert joined(Column("i8", pack("q", [2**53 - 1])), floats).type == "f8"
    beyond = joined(Column("i8", pack("q", [2**53 + 1])), floats)
    assert beyond == Column("json", [2**53 + 1, 0.5])


def test_a_unit_that_all_parts_share_is_kept() -> None:
    warm, hot = Column("f8", pack("d", [20.5]), unit="°C"), Column("i8", pack("q", [99]), unit="°C")
    assert joined(warm, hot).unit == "°C"
    assert joined(warm, Column("f8", pack("d", [1.0]), unit="K")).unit is None
    assert joined(Column("i8", pack("q", [1])), hot) == Column("i8", pack("q", [1, 99]))


def test_categories_that_differ_are_joined_as_texts() -> None:
    one, other = (Column("str", pack("i", [0]), categories=(name,)) for name in ("a", "b"))
    assert joined(one, other) == Column("str", ["a", "b"])
    assert joined(one, one) == Column("str", pack("i", [0, 0]), categories=("a",))


@pytest.mark.parametrize(
    ("count", "stamps", "complaint"),
    [
        (0, b"", "at least one record"),
        (-1, b"", "at least one record"),
        (2, bytes(8), "2 records has 1 times"),
        (1, pack("q", [2**53]), "microseconds since 1970"),
        (1, pack("q", [NAT]), "microseconds since 1970"),
    ],
)
def test_a_batch_that_a_peer_sent_is_whole_or_refused(count: int, stamps: bytes, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        Batch.checked(count, stamps, {})


def test_each_column_of_a_peers_batch_fits_its_rows() -> None:
    with pytest.raises(ProtocolError, match="1 rows has 2 values"):
        Batch.checked(1, bytes(8), {"a": Column("f8", bytes(16))})


def test_a_batch_can_be_joined_as_long_as_its_absent_rows_stay_few() -> None:
    alike = [batch_of([{"a": 1}])] * 5000
    assert joinable(alike) == 5000
    each_its_own = [batch_of([{f"user-{number}": 1}]) for number in range(5000)]
    few = joinable(each_its_own)
    assert few < 5000
    assert sum(len(column.absent) for column in Batch.concat(each_its_own[:few]).columns.values()) <= limits.ABSENT_ROWS
    assert joinable(each_its_own[:1]) == 1
    assert joinable([]) == 0


def test_the_size_of_a_batch_covers_what_its_objects_take() -> None:
    assert batch_of([{"a": 1}]).nbytes > 600
    assert batch_of([{"a": {"b": ["x" * 100_000]}}]).nbytes > 100_000


def test_datetimes_survive_joining_as_times() -> None:
    moment = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    both = Batch.concat([batch_of([{"at": moment}]), batch_of([{"at": None}]), batch_of([{"other": 1}])])
    assert both.records() == [{"at": "2026-07-01T00:00:00Z"}, {"at": None}, {"other": 1}]
    assert both.columns["at"].type == "time"
