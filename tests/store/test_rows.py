from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.core.kept import RoomHeader
from livedash.core.settings import RoomSettings
from livedash.store.rows import (
    DamagedError,
    batch_of_bytes,
    bytes_of_batch,
    bytes_of_former,
    bytes_of_header,
    checksum_of,
    former_of_bytes,
    header_of_bytes,
    joined,
    text_of_key,
)
from livedash.wire.batch import Batch

VALUES = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(), st.datetimes(), st.lists(st.integers(), max_size=3)
)
BATCHES = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), min_size=1, max_size=5).map(
    lambda records: Batch.from_records(records, range(len(records)))
)


def of(*values: Any) -> Batch:
    return Batch.from_records([{"v": value} for value in values], [0] * len(values))


@given(BATCHES)
def test_a_batch_comes_back_as_it_was(batch: Batch) -> None:
    data = bytes_of_batch(batch)
    back = batch_of_bytes(data, checksum_of(data))
    assert (back.count, back.times, repr(back.columns)) == (batch.count, batch.times, repr(batch.columns))
    assert back.nbytes == batch.nbytes


def test_bytes_that_changed_or_are_no_batch_are_damaged() -> None:
    data = bytes_of_batch(of(1, 2))
    with pytest.raises(DamagedError, match="checksum"):
        batch_of_bytes(data[:-1], checksum_of(data))
    with pytest.raises(DamagedError, match="can't be read"):
        batch_of_bytes(b"\x00", checksum_of(b"\x00"))


def test_headers_and_epochs_come_back_as_they_were() -> None:
    header = RoomHeader("train", "e2", RoomSettings("id", 5, 1000, 2.5), {"e1": "cleared"}, {"e0": 7})
    assert header_of_bytes(bytes_of_header(header)) == header
    assert former_of_bytes(bytes_of_former({"e1": "deleted"})) == {"e1": "deleted"}
    with pytest.raises(DamagedError):
        header_of_bytes(b"\x00")
    with pytest.raises(DamagedError):
        former_of_bytes(b"\x00")


@given(st.lists(BATCHES, max_size=6))
def test_joined_batches_hold_the_same_values_of_the_same_types(batches: list[Batch]) -> None:
    together = list(joined(batches))
    assert [repr(record) for batch in together for record in batch.records()] == [
        repr(record) for batch in batches for record in batch.records()
    ]
    assert len(together) <= len(batches)


def test_batches_are_joined_only_where_all_columns_are_alike() -> None:
    assert [batch.count for batch in joined([of(1), of(2, 3), of(4.5), of("x"), of("y")])] == [3, 1, 2]
    large = of("x" * (limits.MESSAGE_BYTES // 2))
    assert [batch.count for batch in joined([large, large, large])] == [1, 1, 1]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (1, 1.0, True),
        (True, 1, True),
        ("1", 1, False),
        (2.5, 2, False),
        (math.inf, -math.inf, False),
        (2**70, 2**70, True),
    ],
)
def test_keys_have_one_text_where_python_takes_them_for_one(one: Any, other: Any, is_same: bool) -> None:
    assert (text_of_key(one) == text_of_key(other)) is is_same
