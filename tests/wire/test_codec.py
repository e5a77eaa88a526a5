from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import ProtocolError
from livedash.wire.batch import EMPTY, Batch
from livedash.wire.codec import JSON, MSGPACK, Codec, batch_of_wire
from livedash.wire.column import NAT, Column, pack
from livedash.wire.messages import (
    AskPresence,
    Bye,
    ClientMessage,
    Degraded,
    Delivery,
    Error,
    Gap,
    Held,
    Hello,
    HubMessage,
    Joined,
    Keyed,
    Left,
    Lost,
    Notice,
    Ping,
    Pong,
    Presence,
    Publish,
    Published,
    Restore,
    Shape,
    Subscribe,
    Subscribed,
    Unsubscribe,
    ViewerInfo,
    Welcome,
    WireColumn,
)

CODECS: list[Codec] = [JSON, MSGPACK]
each_codec = pytest.mark.parametrize("codec", CODECS, ids=["json", "msgpack"])
ADA = ViewerInfo("v1", "Ada", 1.5)

FROM_CLIENT: list[ClientMessage] = [
    Subscribe("train"),
    Subscribe("lab3.*", "train:k3x9-41", "columns", "latest", 2.5, 100, presence=True),
    Unsubscribe("train"),
    Publish("train", [{"loss": 0.5, "tags": ["a", None]}], 7, "p1", 12, echo=False),
    Publish("train", id="seven", records=[{}], times=[1]),
    Hello("p1", {"train": Held("k3x9", 1, 41)}),
    Hello("p1", {}, {"prices": {"key": "symbol", "history_age": 60.0}}),
    Lost("train", "p1", 3),
    AskPresence("train"),
    Ping(),
]
FROM_HUB: list[HubMessage] = [
    Subscribed("train", "k3x9", 41, recovered=True),
    Subscribed("prices", "k3x9", 41, recovered=False, key="symbol"),
    Keyed("prices", "symbol"),
    Keyed("prices"),
    Gap("train", "trimmed", 42, 90),
    Gap("train", "epoch"),
    Published("k3x9", 44, 7),
    Welcome({"train": "unknown"}),
    Notice("train", "p1", 3),
    Degraded("the broker is away"),
    Degraded(""),
    Degraded(),
    Presence("train", [ADA]),
    Joined("train", ADA),
    Left("train", ADA),
    Error("bad_name", "no", 7, "a b"),
    Bye("draining", 2.4),
    Bye("revoked"),
    Pong(),
]


@each_codec
@pytest.mark.parametrize("message", FROM_CLIENT, ids=lambda message: type(message).__name__)
def test_what_a_client_says_is_heard_as_it_was_said(codec: Codec, message: ClientMessage) -> None:
    assert codec.decode(codec.encode_from_client(message)) == message


@each_codec
@pytest.mark.parametrize("message", FROM_HUB, ids=lambda message: type(message).__name__)
def test_what_the_hub_says_is_heard_as_it_was_said(codec: Codec, message: HubMessage) -> None:
    assert codec.decode_from_hub(codec.encode(message)) == message


def test_the_messages_that_outsiders_write_by_hand_look_as_documented() -> None:
    def said(text: str) -> ClientMessage:
        return JSON.decode(text)

    assert said('{"op":"subscribe","room":"train","since":"now","shape":"records","mode":"all","max_hz":null}') == (
        Subscribe("train")
    )
    assert said('{"op":"publish","room":"train","records":[{"a":1}],"id":7,"publisher":"p1","seq":12}') == (
        Publish("train", [{"a": 1}], 7, "p1", 12)
    )
    gap = json.loads(JSON.encode(Gap("train", "trimmed", 42, 90)))
    assert gap == {"op": "gap", "room": "train", "reason": "trimmed", "from": 42, "to": 90}
    assert json.loads(JSON.encode(Pong())) == {"op": "pong"}
    assert json.loads(JSON.encode(Degraded(""))) == {"op": "degraded", "reason": ""}
    assert json.loads(JSON.encode(Degraded())) == {"op": "degraded"}


def delivery(batch: Batch, shape: Shape = "columns", **options: Any) -> Delivery:
    return Delivery("train", "k3x9", 40 + batch.count, batch, shape, **options)


@each_codec
@pytest.mark.parametrize("shape", ["records", "columns"])
@pytest.mark.parametrize("is_snapshot", [False, True])
def test_records_arrive_in_both_shapes_with_their_times(codec: Codec, shape: Shape, is_snapshot: bool) -> None:
    batch = Batch.from_records([{"a": 1, "t": "x"}, {"b": [1.5]}], [5, 6])
    read = codec.decode_from_hub(codec.encode(delivery(batch, shape, is_snapshot=is_snapshot, skipped=3)))
    assert isinstance(read, Delivery)
    assert (read.room, read.epoch, read.offset, read.skipped) == ("train", "k3x9", 42, 3)
    assert (read.shape, read.is_snapshot) == (shape, is_snapshot)
    assert read.batch.records() == batch.records()
    assert read.batch.times_us() == [5, 6]


@each_codec
@pytest.mark.parametrize("shape", ["records", "columns"])
def test_an_empty_snapshot_arrives_as_one(codec: Codec, shape: Shape) -> None:
    read = codec.decode_from_hub(codec.encode(Delivery("train", "0", 0, EMPTY, shape, is_snapshot=True)))
    assert read == Delivery("train", "0", 0, EMPTY, shape, is_snapshot=True)


@each_codec
def test_nan_that_was_pushed_is_null_in_json_and_nan_in_the_binary_codec(codec: Codec) -> None:
    batch = Batch.from_records([{"loss": math.nan, "deep": {"x": [math.nan]}}], [0])
    for shape in ("records", "columns"):
        data = codec.encode(delivery(batch, shape))
        if codec is JSON:
            assert b"NaN" not in data
            assert data.count(b"null") == 2
        else:
            read = codec.decode_from_hub(data)
            assert isinstance(read, Delivery)
            assert math.isnan(read.batch.records()[0]["loss"])


@each_codec
def test_a_batch_of_history_is_encoded_once_for_all_its_viewers(codec: Codec) -> None:
    message = delivery(Batch.from_records([{"a": 1}], [0]), is_whole=True)
    again = delivery(message.batch, is_whole=True)
    assert codec.encode(message) is codec.encode(again)


@each_codec
def test_encoded_bytes_are_never_those_of_another_place(codec: Codec) -> None:
    """One batch may be pushed to two rooms, or twice to one."""
    batch = Batch.from_records([{"a": 1}], [0])
    places = [("a", "e", 1), ("b", "e", 1), ("a", "f", 1), ("a", "e", 2)]
    sent = [Delivery(*place, batch, "columns", is_whole=True) for place in places]
    sent += [Delivery(*places[0], batch, "records", is_whole=True)]
    sent += [Delivery(*places[0], batch, "columns", is_whole=True, is_snapshot=True)]
    sent += [Delivery(*places[0], batch, "columns", is_whole=True, skipped=4)]
    encoded = [codec.encode(message) for message in sent]
    assert len(set(encoded)) == len(sent)
    for message, data in zip(sent, encoded, strict=True):
        read = codec.decode_from_hub(data)
        assert isinstance(read, Delivery)
        assert (read.room, read.epoch, read.offset, read.skipped) == (
            message.room,
            message.epoch,
            message.offset,
            message.skipped,
        )


@each_codec
def test_a_publisher_sends_columns_as_the_hub_stores_them(codec: Codec) -> None:
    batch = Batch.from_records([{"x": 0.5, "s": "a", "n": 2**60}, {"x": math.inf, "j": [1]}], [7, 8])
    columns = {name: codec.wire_column(column) for name, column in batch.columns.items()}
    times: Any = batch.times if codec.is_binary else batch.times_us()
    message = codec.decode(codec.encode_from_client(Publish("r", count=2, times=times, columns=columns)))
    assert isinstance(message, Publish)
    assert message.columns is not None
    read = batch_of_wire(message.count, message.times, message.columns)
    assert read.times_us() == [7, 8]
    if codec.is_binary:
        assert read.columns == batch.columns


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (WireColumn("f8", "text"), "list or packed bytes"),
        (WireColumn("f8", ["1"]), "a value that its type does not"),
        (WireColumn("i8", [1.5]), "a value that its type does not"),
        (WireColumn("i8", [None]), "a value that its type does not"),
        (WireColumn("i8", [2**63]), "a value that its type does not"),
        (WireColumn("bool", [None]), "a value that its type does not"),
        (WireColumn("bool", [256]), "a value that its type does not"),
        (WireColumn("str", [None], categories=()), "1 rows|outside|no value"),
        (WireColumn("str", b"x"), "has a list of values"),
        (WireColumn("json", [b"x"]), "what JSON can't: bytes"),
        (WireColumn("json", [{1: 2}]), "what JSON can't: dict"),
        (WireColumn("json", [msgspec.msgpack.Ext(1, b"")]), "what JSON can't: Ext"),
        (WireColumn("decimal", ["1"]), "not known"),
    ],
)
def test_a_column_that_would_break_a_later_reader_is_refused(column: WireColumn, complaint: str) -> None:
    if column.categories == ():
        assert batch_of_wire(1, [0], {"v": column}).records() == [{"v": None}]  # null needs no category
        return
    with pytest.raises(ProtocolError, match=complaint):
        batch_of_wire(1, [0], {"v": column})


@pytest.mark.parametrize("times", [None, "0", [None], [0.5], ["0"], [2**63], [], [0, 1], b"1234567", {"a": 1}])
def test_times_that_are_no_microseconds_are_refused(times: Any) -> None:
    with pytest.raises(ProtocolError):
        batch_of_wire(1, times, {"v": WireColumn("f8", [0.5])})


def test_null_is_nan_among_floats_and_no_time_among_times() -> None:
    columns = {"f": WireColumn("f8", [None]), "t": WireColumn("time", [None], unit="ms")}
    batch = batch_of_wire(1, [0], columns)
    assert batch.columns["t"] == Column("time", pack("q", [NAT]), unit="ms")
    assert math.isnan(batch.columns["f"].python_values()[0])


def test_nesting_of_a_peers_values_is_bounded() -> None:
    deep: Any = 1
    for _ in range(limits.RECORD_DEPTH):
        deep = [deep]
    assert batch_of_wire(1, [0], {"v": WireColumn("json", [deep])}).records() == [{"v": deep}]
    with pytest.raises(ProtocolError, match="nested deeper"):
        batch_of_wire(1, [0], {"v": WireColumn("json", [[deep]])})


# Hostile bytes

GARBAGE = [
    b"",
    b"\xff",
    b"null",
    b"[]",
    b"{",
    b'{"op":"nothing"}',
    b'{"op":5}',
    b"[" * 100_000,
    b"\x91" * 100_000,
    b"\xc1",
]
VALID = [codec.encode(message) for codec in CODECS for message in FROM_HUB] + [
    codec.encode(delivery(Batch.from_records([{"a": 1, "s": "x"}, {"b": [1.5]}], [5, 6]), shape))
    for codec in CODECS
    for shape in ("records", "columns")
]
VALID += [codec.encode_from_client(message) for codec in CODECS for message in FROM_CLIENT]
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=16),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "room",
    "epoch",
    "offset",
    "count",
    "times",
    "columns",
    "records",
    "skipped",
    "id",
    "since",
    "publisher",
    "rooms",
]
OPS = ["records", "columns", "snapshot", "subscribed", "gap", "publish", "hello", "restore", "subscribe", "bye"]


def refuses_or_reads(codec: Codec, data: bytes) -> None:
    """ProtocolError is the only error; what is read can be encoded for every viewer."""
    try:
        read = codec.decode_from_hub(data)
    except ProtocolError:
        pass
    else:
        for other in CODECS:
            other.encode(read)
        if isinstance(read, Delivery):
            JSON.encode(Delivery(read.room, read.epoch, read.offset, read.batch, "records"))
    try:
        message = codec.decode(data)
        if isinstance(message, Publish | Restore) and message.columns is not None:
            batch = batch_of_wire(message.count, message.times, message.columns)
            for other in CODECS:
                other.encode(delivery(batch, "records"))
                other.encode(delivery(batch, "columns"))
    except ProtocolError:
        pass


@each_codec
@pytest.mark.parametrize("data", GARBAGE)
def test_garbage_is_a_protocol_error(codec: Codec, data: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.decode(data)
    with pytest.raises(ProtocolError):
        codec.decode_from_hub(data)


@each_codec
@given(st.binary(max_size=64))
def test_random_bytes_are_refused_or_read(codec: Codec, data: bytes) -> None:
    refuses_or_reads(codec, data)


@each_codec
@given(st.data())
def test_messages_with_bytes_changed_are_refused_or_read(codec: Codec, data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    refuses_or_reads(codec, bytes(message[: data.draw(st.integers(0, len(message)))]) or bytes(message))


COLUMN = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["f8", "i8", "bool", "str", "time", "json", "u4"]) | ANY,
        "values": st.lists(ANY, max_size=3) | ANY,
    },
    optional={
        "absent": st.lists(st.integers(-1, 4), max_size=3) | ANY,
        "unit": st.sampled_from(["s", "ns", "h"]) | ANY,
        "tz": st.sampled_from(["UTC", "Europe/Berlin", "../x", "+99"]) | ANY,
        "categories": st.lists(st.text(max_size=2), max_size=2) | ANY,
    },
)
MESSAGE = st.fixed_dictionaries(
    {"op": st.sampled_from(OPS)},
    optional={
        **dict.fromkeys(FIELDS, ANY),
        "room": st.text(max_size=5) | ANY,
        "epoch": st.just("e") | ANY,
        "offset": st.integers(-1, 5) | ANY,
        "first": st.integers(-1, 5) | ANY,
        "count": st.integers(-1, 3) | ANY,
        "times": st.lists(st.integers(0, 9), max_size=3) | st.just(bytes(8)) | ANY,
        "columns": st.dictionaries(st.text(max_size=3), COLUMN, max_size=2) | ANY,
        "records": st.lists(st.dictionaries(st.text(max_size=3), ANY, max_size=2), max_size=3) | ANY,
    },
)


@each_codec
@given(MESSAGE)
def test_messages_with_any_content_are_refused_or_read(codec: Codec, message: dict[str, Any]) -> None:
    encode = msgspec.json.encode if codec is JSON else msgspec.msgpack.encode
    refuses_or_reads(codec, encode(message))
