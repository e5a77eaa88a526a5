"""What a transport promises, for each framing: all that a viewer takes from its session is sent, in order, or it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedash import limits
from livedash.core.grant import owner
from livedash.core.reading import Reading
from livedash.transports.contract import Framing
from livedash.transports.sse import EventFraming
from livedash.transports.viewer import QUIET, Viewer
from livedash.transports.websocket import MessageFraming
from livedash.wire.codec import JSON, MSGPACK, Codec
from livedash.wire.messages import Delivery, Shape
from livedash.wire.since import Earliest
from livedash.wire.sse import Parser
from tests.transports.theatre import MemorySink, Theatre

Seen = tuple[bool, list[int]]  # whether it replaces what the reader holds, and the records' numbers


def of_messages(codec: Codec) -> Callable[[list[bytes]], Iterator[Seen]]:
    def read(pieces: list[bytes]) -> Iterator[Seen]:
        for piece in pieces:
            message = codec.decode_from_hub(piece)
            if isinstance(message, Delivery):
                yield message.is_snapshot, [record["n"] for record in message.batch.records()]

    return read


def of_events(pieces: list[bytes]) -> Iterator[Seen]:
    for event in Parser().feed(b"".join(pieces)):
        content = json.loads(event.data)
        if event.event == "livedash.snapshot" or content.get("op") in ("columns", "snapshot"):
            batch = JSON.decode_from_hub(event.data)
            assert isinstance(batch, Delivery)
            yield batch.is_snapshot, [record["n"] for record in batch.batch.records()]
        elif event.event == "message":
            yield False, [content["n"]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a viewer, and how its reader understands what comes."""

    make: Callable[[], Framing]
    read: Callable[[list[bytes]], Iterator[Seen]]
    shape: Shape


WAYS = {
    "websocket-json": Way(lambda: MessageFraming(JSON), of_messages(JSON), "records"),
    "websocket-msgpack": Way(lambda: MessageFraming(MSGPACK), of_messages(MSGPACK), "columns"),
    "sse": Way(lambda: EventFraming(("train",), 2000), of_events, "records"),
    "sse-columns": Way(lambda: EventFraming(("train",), 2000), of_events, "columns"),
}


class Reader:
    """A viewer that reads from the beginning on, over a sink that can get stuck."""

    def __init__(self, theatre: Theatre, way: Way) -> None:
        self._theatre, self._way = theatre, way
        self.sink = MemorySink()
        self.viewer = Viewer(theatre.stage, owner("reader"), self.sink, way.make(), QUIET)
        reading = Reading(shape=way.shape)
        self.viewer.session.subscribe("train", lambda room: Earliest(), reading, theatre.loop.time())

    def held(self) -> list[int]:
        """The numbers that its reader holds at the end."""
        held: list[int] = []
        for is_snapshot, numbers in self._way.read(self.sink.pieces):
            held = numbers if is_snapshot else held + numbers
        return held

    def release(self) -> None:
        self.sink.is_stuck = False
        self._theatre.take_all(self.viewer, self.sink)
        self._theatre.loop.settle()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(1, 5)),
        st.tuples(st.sampled_from(["stick", "release", "turn", "clear"]), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("name", WAYS)
@given(steps=STEPS)
@settings(max_examples=60)
def test_a_reader_holds_in_the_end_what_the_room_holds(name: str, steps: list[tuple[str, int]]) -> None:
    theatre = Theatre()
    reader = Reader(theatre, WAYS[name])
    pushed = 0
    since_clear = 0
    for step, count in steps:
        if step == "push":
            for _ in range(count):
                theatre.push({"n": pushed, "text": "x" * 400_000})
                pushed += 1
        elif step == "clear" and theatre.hub.rooms:
            theatre.hub.clear("train")
            since_clear = pushed
        elif step == "stick":
            reader.sink.is_stuck = True
        elif step == "release":
            reader.release()
        elif step == "wait":
            theatre.loop.advance(float(count))
        theatre.loop.turn()
    reader.release()
    held = reader.held()
    assert held == list(range(pushed))[-len(held) or pushed :]  # no hole inside, none twice, and all up to the last one
    assert len(held) >= min(pushed - since_clear, 1)


@pytest.mark.parametrize("name", WAYS)
def test_a_viewer_takes_no_more_from_its_session_than_its_sink_has_room_for(name: str) -> None:
    theatre = Theatre()
    reader = Reader(theatre, WAYS[name])
    reader.sink.is_stuck = True
    for number in range(20):
        theatre.push({"n": number, "text": "x" * 400_000})
    theatre.loop.settle()
    assert reader.sink.pending_bytes < limits.SEND_BUFFER_BYTES + 2 * limits.MESSAGE_BYTES
    reader.release()
    assert reader.held() == list(range(20))


@pytest.mark.parametrize("name", WAYS)
def test_nothing_to_tell_is_nothing_to_send(name: str) -> None:
    assert WAYS[name].make().pieces([]) == []


@pytest.mark.parametrize("name", WAYS)
def test_a_peer_that_is_gone_ends_the_viewer_and_what_it_was_owed_stays_in_history(name: str) -> None:
    theatre = Theatre()
    reader: Any = Reader(theatre, WAYS[name])
    theatre.push({"n": 1})
    reader.viewer.on_gone()
    theatre.loop.settle()
    assert (reader.held(), theatre.hub.sessions(), theatre.hub.room("train").history.records) == ([], [], 1)
