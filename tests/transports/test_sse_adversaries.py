from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.transports.sse import EventFraming
from livedash.wire.batch import Batch
from livedash.wire.messages import Bye, Delivery, Gap, HubMessage, Notice, Shape
from livedash.wire.sse import Event, Parser

ROOM, EPOCH = "lab3.furnace", "k3x9"
HOSTILE = st.text('\r\n\0\ufeff\u2028\u0085: dataievntrybyelivdash.{}"\\é🔥', max_size=20)
RECORDS = st.lists(
    st.dictionaries(HOSTILE, HOSTILE | st.none() | st.booleans() | st.integers(-(2**53), 2**53), max_size=3), max_size=4
)


def delivery(records: list[dict[str, Any]], shape: Shape = "records", **extra: Any) -> Delivery:
    batch = Batch.from_records(records, [0] * len(records))
    return Delivery(ROOM, EPOCH, 40 + len(records), batch, shape, **extra)


def written(message: HubMessage, rooms: tuple[str, ...] = (ROOM,)) -> bytes:
    return b"".join(EventFraming(rooms, retry_ms=2000).pieces([message]))


def read(stream: bytes) -> list[Event]:
    return Parser().feed(stream)


@given(RECORDS)
def test_a_record_is_one_event_whose_data_is_the_record_whatever_it_holds(records: list[dict[str, Any]]) -> None:
    events = read(written(delivery(records)))
    assert [json.loads(event.data) for event in events] == records
    assert [event.event for event in events] == ["message"] * len(records)
    assert [event.event_id for event in events] == [f"{ROOM}:{EPOCH}-{41 + row}" for row in range(len(records))]


@given(RECORDS)
def test_a_reader_of_a_glob_gets_the_same_records_named_by_their_room(records: list[dict[str, Any]]) -> None:
    events = read(written(delivery(records), ("lab3.*",)))
    assert [json.loads(event.data) for event in events] == records
    assert {event.event for event in events} <= {ROOM}
    assert [event.event_id for event in events] == [f"{ROOM}:{EPOCH}-{41 + row}" for row in range(len(records))]


MESSAGES = [
    (delivery([{"a": "x\n\ny"}], "columns"), "message"),
    (delivery([{"a\r\r": 1}], "columns", is_snapshot=True), "livedash.snapshot"),
    (delivery([{"a": 1}], is_snapshot=True), "livedash.snapshot"),
    (Gap(ROOM, "slow", 1, 2), "livedash.gap"),
    (Notice(ROOM, "p\n\nevent: livedash.bye\ndata: 1", 3), "livedash.notice"),
    (Bye("draining", 2.4), "livedash.bye"),
    (Bye("revoked"), "livedash.bye"),
]


@pytest.mark.parametrize(("message", "name"), MESSAGES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_message_is_one_block_of_lines_with_data(message: HubMessage, name: str) -> None:
    stream = written(message)
    (event,) = read(stream)
    assert event.event == name
    assert isinstance(json.loads(event.data), dict)
    assert blocks_without_data(stream) == []


def test_what_was_left_out_is_an_event_without_an_id_before_the_record() -> None:
    stream = written(delivery([{"a": 1}], skipped=7))
    skipped, record = read(stream)
    assert (skipped.event, skipped.event_id) == ("livedash.skipped", "")
    assert json.loads(skipped.data)["skipped"] == 7
    assert record.event_id == f"{ROOM}:{EPOCH}-41"
    assert blocks_without_data(stream) == []


def test_a_bye_tells_an_event_source_when_to_come_back() -> None:
    parser = Parser()
    parser.feed(written(Bye("draining", 2.4)))
    assert parser.retry_ms == 2400


def blocks_without_data(stream: bytes) -> list[bytes]:
    """Some readers make an event of a block of an id alone."""
    return [block for block in stream.removesuffix(b"\n\n").split(b"\n\n") if b"data: " not in block]
