from __future__ import annotations

import msgspec
import pytest

from livedash import limits
from livedash.core.grant import owner
from livedash.testing.viewer import records_of
from livedash.transports.websocket import DEFAULT_SUBPROTOCOL, LIVENESS, SUBPROTOCOLS, MessageFraming, WebSocketViewer
from livedash.wire.codec import JSON, MSGPACK, Codec
from livedash.wire.messages import Error, Ping, Pong, Subscribe
from tests.transports.theatre import MemorySink, Theatre

CODECS = [JSON, MSGPACK]


def peer(theatre: Theatre, codec: Codec = JSON) -> tuple[WebSocketViewer, MemorySink]:
    sink = MemorySink(codec)
    return WebSocketViewer(theatre.stage, owner("peer"), sink, codec), sink


def test_there_are_two_subprotocols_and_json_is_the_one_that_needs_none() -> None:
    assert list(SUBPROTOCOLS) == ["livedash.v1.msgpack", "livedash.v1.json"]
    assert SUBPROTOCOLS[DEFAULT_SUBPROTOCOL] is JSON


@pytest.mark.parametrize("codec", CODECS)
def test_each_message_is_a_piece(codec: Codec) -> None:
    pieces = MessageFraming(codec).pieces([Pong(), Error("x", "y")])
    assert [codec.decode_from_hub(piece) for piece in pieces] == [Pong(), Error("x", "y")]


@pytest.mark.parametrize("codec", CODECS)
def test_a_peer_is_answered_in_its_codec(theatre: Theatre, codec: Codec) -> None:
    viewer, sink = peer(theatre, codec)
    viewer.receive(codec.encode_from_client(Ping()))
    theatre.loop.settle()
    assert sink.messages() == [Pong()]


@pytest.mark.parametrize("codec", CODECS)
def test_a_peer_reads_what_it_subscribed_to(theatre: Theatre, codec: Codec) -> None:
    viewer, sink = peer(theatre, codec)
    viewer.receive(codec.encode_from_client(Subscribe("train")))
    theatre.push({"n": 1})
    theatre.loop.settle()
    assert records_of(sink.messages()) == [{"n": 1}]


def test_json_may_come_in_a_text_or_a_binary_frame(theatre: Theatre) -> None:
    viewer, sink = peer(theatre)
    viewer.receive('{"op": "ping"}')
    viewer.receive(b'{"op": "ping"}')
    theatre.loop.settle()
    assert sink.messages() == [Pong(), Pong()]


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (JSON, "not json"),
        (JSON, '{"op": "dance"}'),
        (JSON, '{"op": "subscribe"}'),
        (JSON, '{"op": "subscribe", "room": 3}'),
        (JSON, "[]"),
        (JSON, ""),
        (JSON, msgspec.msgpack.encode({"op": "ping"})),
        (JSON, b"\xff\xfe"),
        (JSON, "[" * 100_000),
        (MSGPACK, b"\xc1"),
        (MSGPACK, '{"op": "ping"}'),
        (MSGPACK, b'{"op": "ping"}'),
    ],
)
def test_what_is_no_message_is_answered_by_an_error_and_the_connection_stays(
    theatre: Theatre, codec: Codec, data: bytes | str
) -> None:
    viewer, sink = peer(theatre, codec)
    viewer.receive(data)
    viewer.receive(codec.encode_from_client(Ping()))
    theatre.loop.settle()
    error, pong = sink.messages()
    assert isinstance(error, Error)
    assert (error.code, pong) == ("bad_message", Pong())


def test_a_refused_message_is_answered_and_the_connection_stays(theatre: Theatre) -> None:
    viewer, sink = peer(theatre)
    viewer.receive('{"op": "publish", "room": "open", "records": [{}], "id": 3}')
    theatre.loop.settle()
    (error,) = sink.messages()
    assert isinstance(error, Error)
    assert (error.code, error.id, viewer.viewer.is_ended) == ("bad_name", 3, False)


def test_any_message_is_a_sign_of_life_a_broken_one_too(theatre: Theatre) -> None:
    viewer, sink = peer(theatre)
    for _ in range(4):
        theatre.loop.advance(limits.PONG_LIMIT_S - 5)
        viewer.receive("?")
    assert not viewer.viewer.is_ended
    theatre.loop.advance(limits.PONG_LIMIT_S + 1)
    assert sink.ended == (4000, "idle")


def test_peers_are_pinged_as_the_protocol_says() -> None:
    assert (LIVENESS.ping_interval_s, LIVENESS.answer_limit_s) == (20.0, 40.0)


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ('{"op": "publish", "room": "train", "records": [3], "id": 7}', (7, "train")),
        ('{"op": "nothing", "id": "a"}', ("a", None)),
        ('{"op": "publish", "room": 5, "id": [1]}', (None, None)),
    ],
)
def test_who_waits_for_the_answer_to_a_broken_message_gets_it(
    theatre: Theatre, message: str, asked: tuple[int | str | None, str | None]
) -> None:
    viewer, sink = peer(theatre)
    viewer.receive(message)
    theatre.loop.settle()
    (error,) = sink.messages()
    assert isinstance(error, Error)
    assert (error.code, error.id, error.room) == ("bad_message", *asked)
