from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.core.keyed import KeyedState, conflated, latest_rows
from livedash.errors import LimitReachedError, ValueRefusedError
from livedash.wire.batch import Batch

PLENTY = 2**40


def batch_of(*records: dict[str, Any]) -> Batch:
    return Batch.from_records(records, range(len(records)))


def keyed(*records: dict[str, Any]) -> KeyedState:
    state = KeyedState("id")
    if records:
        state.apply(batch_of(*records), PLENTY)
    return state


def held(state: KeyedState) -> list[dict[str, Any]]:
    snapshot = state.snapshot()
    return snapshot.records() if snapshot else []


def test_the_latest_record_of_each_key_is_kept() -> None:
    state = keyed({"id": "a", "v": 1}, {"id": "b", "v": 2}, {"id": "a", "w": 3})
    assert held(state) == [{"id": "a", "w": 3}, {"id": "b", "v": 2}]


def test_a_record_with_deleted_set_removes_its_key() -> None:
    state = keyed({"id": "a", "v": 1}, {"id": "b", "v": 2})
    state.apply(batch_of({"id": "a", "_deleted": True}, {"id": "b", "v": 3, "_deleted": False}), PLENTY)
    assert held(state) == [{"id": "b", "v": 3, "_deleted": False}]


def test_a_key_that_comes_again_after_its_removal_is_there_again() -> None:
    state = keyed({"id": "a", "v": 1}, {"id": "a", "_deleted": True}, {"id": "a", "v": 2})
    assert held(state) == [{"id": "a", "v": 2}]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_keys_keep_their_order_and_one_that_was_removed_comes_last(is_one_batch: bool) -> None:
    state = keyed({"id": "a"}, {"id": "b"})
    removal: dict[str, Any] = {"id": "a", "_deleted": True}
    records = [{"id": "a", "v": 1}, {"id": "c"}, removal, {"id": "b", "v": 1}, {"id": "d"}, {"id": "a"}]
    for batch in [records] if is_one_batch else [[record] for record in records]:
        state.apply(batch_of(*batch), PLENTY)
    assert [record["id"] for record in held(state)] == ["b", "c", "d", "a"]


def test_removing_what_is_not_there_does_nothing() -> None:
    state = keyed({"id": "a", "_deleted": True})
    assert held(state) == []
    assert state.nbytes == 0


@pytest.mark.parametrize("record", [{"v": 1}, {"id": None}, {"id": [1]}, {"id": {"a": 1}}, {"id": math.nan}])
def test_a_record_without_a_key_is_refused_and_nothing_of_its_batch_is_taken(record: dict[str, Any]) -> None:
    state = keyed({"id": 1.0, "v": 1})
    with pytest.raises(ValueRefusedError):
        state.apply(batch_of({"id": 2.0, "v": 2}, record), PLENTY)
    assert held(state) == [{"id": 1.0, "v": 1}]


def test_a_full_room_takes_no_new_key_and_goes_on_with_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYS_PER_ROOM", 2)
    state = keyed({"id": 1}, {"id": 2})
    with pytest.raises(LimitReachedError, match="holds 2 keys"):
        state.apply(batch_of({"id": 1, "v": 9}, {"id": 3}), PLENTY)
    assert held(state) == [{"id": 1}, {"id": 2}]
    state.apply(batch_of({"id": 1, "v": 9}), PLENTY)
    state.apply(batch_of({"id": 1, "_deleted": True}, {"id": 3}), PLENTY)
    assert held(state) == [{"id": 2}, {"id": 3}]
    state.apply(batch_of({"id": 7, "_deleted": True}), PLENTY)


def test_the_latest_records_have_a_bound_in_bytes_too() -> None:
    state = keyed({"id": 1, "text": "x" * 1000})
    bound = state.nbytes
    with pytest.raises(LimitReachedError, match=f"{bound} bytes at most"):
        state.apply(batch_of({"id": 2, "text": "x"}), bound)
    state.apply(batch_of({"id": 1, "text": "x"}), bound)
    assert state.nbytes < bound


RECORD = st.fixed_dictionaries(
    {"id": st.integers(0, 4)}, optional={"v": st.integers(0, 9), "_deleted": st.booleans(), "text": st.text(max_size=9)}
)


@given(st.lists(st.lists(RECORD, min_size=1, max_size=6), max_size=6))
def test_the_state_is_that_of_a_plain_mapping(pushes: list[list[dict[str, Any]]]) -> None:
    state, model = KeyedState("id"), dict[int, dict[str, Any]]()
    for records in pushes:
        state.apply(batch_of(*records), PLENTY)
        for record in records:
            if record.get("_deleted"):
                model.pop(record["id"], None)
            else:
                model[record["id"]] = record
    assert sorted(held(state), key=lambda record: record["id"]) == [model[key] for key in sorted(model)]
    assert state.nbytes == sum(row.nbytes for row in state.rows.values())


def test_a_conflated_viewer_needs_the_last_row_of_each_key_in_order() -> None:
    batch = batch_of({"id": 1}, {"id": 2}, {"id": 1}, {"id": 3}, {"id": 3})
    assert latest_rows(batch, "id") == [1, 2, 4]
    assert latest_rows(batch, "other") == [0, 1, 2, 3, 4]


def test_what_a_conflated_viewer_needs_of_several_batches_has_the_offsets_of_its_records() -> None:
    parts = [(5, batch_of({"id": 1}, {"id": 2}, {"id": 1})), (8, batch_of({"id": 3}, {"id": 2, "v": 1}))]
    batch, offsets = conflated(parts, "id")
    assert (batch.records(), offsets) == ([{"id": 1}, {"id": 3}, {"id": 2, "v": 1}], (7, 8, 9))
