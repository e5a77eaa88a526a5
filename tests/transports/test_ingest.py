from __future__ import annotations

from typing import Any

import pytest

from livedash import limits
from livedash.errors import LivedashError, ProtocolError, TooLargeError, ValueRefusedError
from livedash.transports.ingest import batch_of_publish, batch_of_records
from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.messages import Publish, WireColumn

NOW_US = 1_700_000_000_000_000


def published(**fields: Any) -> Publish:
    return Publish("train", **fields)


def test_records_without_times_are_stamped_with_the_hubs_time() -> None:
    batch = batch_of_publish(published(records=[{"n": 1}, {"n": 2}]), NOW_US)
    assert (batch.records(), batch.times_us()) == ([{"n": 1}, {"n": 2}], [NOW_US, NOW_US])


def test_records_keep_the_times_that_they_bring() -> None:
    assert batch_of_publish(published(records=[{"n": 1}, {"n": 2}], times=[5, 7]), NOW_US).times_us() == [5, 7]


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_columns_of_either_codec_keep_their_types_and_times(codec: Any) -> None:
    batch = batch_of_records([{"loss": 0.5, "step": 1}, {"loss": 0.25, "step": 2}], NOW_US)
    columns = {name: codec.wire_column(column) for name, column in batch.columns.items()}
    message = codec.decode(codec.encode_from_client(published(count=2, times=codec.wire_times(batch), columns=columns)))
    came = batch_of_publish(message, 0)
    assert (came.records(), came.times_us()) == (batch.records(), batch.times_us())
    assert [column.type for column in came.columns.values()] == ["f8", "i8"]


def test_a_publish_has_records_or_columns() -> None:
    with pytest.raises(ProtocolError, match="either 'records' or 'columns'"):
        batch_of_publish(published(), NOW_US)


def test_a_publish_without_a_record_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no record to publish"):
        batch_of_publish(published(records=[]), NOW_US)


@pytest.mark.parametrize("times", [[1], [1, 2, 3], "12", [1, 2.0], [1, True], [1, None], {"0": 1, "1": 2}])
def test_times_are_an_integer_for_each_record(times: Any) -> None:
    with pytest.raises(ProtocolError, match="for each of the 2 records"):
        batch_of_records([{"n": 1}, {"n": 2}], NOW_US, times)


@pytest.mark.parametrize("time", [2**53, -(2**53), 2**63, 10**40])
def test_a_time_that_browsers_could_not_hold_is_refused(time: int) -> None:
    with pytest.raises(ProtocolError, match="microseconds"):
        batch_of_records([{"n": 1}], NOW_US, [time])


@pytest.mark.parametrize("record", [3, "text", [], None, [{"n": 1}]])
def test_what_is_no_object_is_no_record_and_the_others_go_with_it(record: Any) -> None:
    with pytest.raises(ValueRefusedError, match="mapping"):
        batch_of_records([{"n": 1}, record, {"n": 2}], NOW_US)


def test_more_records_than_a_reader_may_ask_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_LIMIT_MAX", 2)
    assert batch_of_records([{}, {}], NOW_US).count == 2
    with pytest.raises(TooLargeError, match="2 records at most, not 3"):
        batch_of_records([{}, {}, {}], NOW_US)


def test_a_record_above_its_bound_is_refused() -> None:
    with pytest.raises(TooLargeError):
        batch_of_records([{"text": "x" * (limits.RECORD_BYTES + 1)}], NOW_US)


@pytest.mark.parametrize(
    ("count", "times", "column"),
    [
        (-1, [], WireColumn("f8", [])),
        (1, None, WireColumn("f8", [1.0])),
        (1, [1], WireColumn("f8", [1.0, 2.0])),
        (1, [1], WireColumn("f8", "text")),
        (1, [1], WireColumn("none", [1.0])),
        (1, [1], WireColumn("f8", b"short")),
        (2, [1, 2], WireColumn("f8", [1.0], absent=(7,))),
        (1, [2**60], WireColumn("f8", [1.0])),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_an_error_of_ours(count: int, times: Any, column: WireColumn) -> None:
    with pytest.raises(LivedashError):
        batch_of_publish(published(count=count, times=times, columns={"loss": column}), NOW_US)


@pytest.mark.parametrize(
    "column",
    [
        {"type": "str", "values": ["a", "x" * 300]},
        {"type": "json", "values": [1, ["x" * 300]]},
        {"type": "str", "values": [0, 1], "categories": ["a", "x" * 300]},
    ],
)
def test_a_record_in_columns_has_the_same_bound_as_any_other(column: dict[str, Any]) -> None:
    message = published(count=2, times=[1, 2], columns={"text": WireColumn(**column)})
    assert batch_of_publish(message, NOW_US, record_bytes=1000).count == 2
    with pytest.raises(TooLargeError, match="200 bytes at most"):
        batch_of_publish(message, NOW_US, record_bytes=200)


def test_large_values_of_different_records_are_not_one_large_record() -> None:
    columns = {name: WireColumn("str", ["x" * 300], (row,)) for row, name in ((1, "a"), (0, "b"))}
    assert batch_of_publish(published(count=2, times=[1, 2], columns=columns), NOW_US, record_bytes=400).count == 2
