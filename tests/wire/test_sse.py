from __future__ import annotations

import base64
import importlib.util
import json
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import ProtocolError
from livedash.wire.sse import KEEP_ALIVE, Event, Parser, event_block

VECTORS_FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((VECTORS_FOLDER / "sse.json").read_text(encoding="utf-8"))
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def stream_of(vector: dict[str, Any]) -> bytes:
    return base64.b64decode(vector["base64"])


def read_in_pieces(data: bytes, cuts: Iterable[int] = ()) -> dict[str, Any]:
    """What a vector tells of a stream that is cut there."""
    parser = Parser()
    ends = [*sorted(cuts), len(data)]
    events = [event for start, end in pairwise([0, *ends]) for event in parser.feed(data[start:end])]
    return {
        "events": [{"event": event.event, "data": event.data, "id": event.event_id} for event in events],
        "retry_ms": parser.retry_ms,
        "last_id": parser.last_event_id,
    }


def parsed(data: bytes, *cuts: int) -> list[Event]:
    return [Event(*event.values()) for event in read_in_pieces(data, cuts)["events"]]


@each_vector
def test_a_stream_is_read_by_the_rules_of_the_whatwg(vector: dict[str, Any]) -> None:
    assert vector | read_in_pieces(stream_of(vector)) == vector


@each_vector
def test_a_stream_that_comes_byte_by_byte_is_read_the_same(vector: dict[str, Any]) -> None:
    data = stream_of(vector)
    assert vector | read_in_pieces(data, range(len(data))) == vector


@each_vector
def test_a_stream_that_is_cut_anywhere_is_read_the_same(vector: dict[str, Any]) -> None:
    data = stream_of(vector)
    for cut in range(min(len(data), 200)):
        assert vector | read_in_pieces(data, [cut, cut]) == vector, cut


def test_the_vectors_are_what_their_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("make_sse_vectors", VECTORS_FOLDER / "make_sse.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert make.text() == (VECTORS_FOLDER / "sse.json").read_text(encoding="utf-8")


@given(st.text("dat:ievn \r\n\0\ufeffé🔥9", max_size=60), st.data())
def test_where_a_stream_is_cut_changes_nothing(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    assert read_in_pieces(raw, cuts) == read_in_pieces(raw)


FRAGMENTS = [
    b"data",
    b"id",
    b"event",
    b"retry",
    b":",
    b" ",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"7",
    b"\xef\xbb\xbf",
    b"\xf0\x9f",
    b"\xff",
]


@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=2), max_size=40).map(b"".join), st.data())
def test_any_bytes_are_read_the_same_wherever_they_are_cut(raw: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    assert read_in_pieces(raw, cuts) == read_in_pieces(raw)


@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=2), max_size=40).map(b"".join))
def test_a_stream_is_read_as_the_grammar_written_out_plainly_reads_it(raw: bytes) -> None:
    assert read_in_pieces(raw) == read_at_once(raw)


def read_at_once(raw: bytes) -> dict[str, Any]:
    """The specification's steps word for word, over the whole stream."""
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _ = re.split("\r\n|\n|\r", text)
    events, data, name, buffered_id, last_id, retry_ms = [], "", "", "", "", None
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            last_id = buffered_id
            if data != "":
                events.append({"event": name or "message", "data": data.removesuffix("\n"), "id": last_id})
            data = name = ""
        elif field == "data":
            data += value + "\n"
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            buffered_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry_ms = min(int(value), limits.ASKED_WAIT_MAX_MS)
    return {"events": events, "retry_ms": retry_ms, "last_id": last_id}


def test_an_event_that_ends_in_cr_is_given_at_once() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\r") == [Event("message", "a", "")]
    assert parser.feed(b"\ndata: b\r\n\r\n") == [Event("message", "b", "")]


def test_a_keep_alive_is_a_comment_and_no_event() -> None:
    parser = Parser()
    assert parser.feed(KEEP_ALIVE) == []
    assert parser.comments == 1
    assert KEEP_ALIVE.count(b"\n") == 1


def test_an_event_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENT_CHARACTERS", 1000)
    for endless in (b"data: 12345", b"data: 12345\n"):
        parser = Parser()
        with pytest.raises(ProtocolError, match="more than 1000 characters"):
            feed_often(parser, endless)
    feed_often(Parser(), b"data: 12345\n\n")


def feed_often(parser: Parser, data: bytes) -> None:
    for _ in range(200):
        parser.feed(data)


def test_a_long_line_in_many_pieces_takes_time_in_proportion_to_its_length() -> None:
    parser = Parser()
    parser.feed(b"data: ")
    for _ in range(5000):
        assert parser.feed(b"x" * 1000) == []
    (event,) = parser.feed(b"\n\n")
    assert len(event.data) == 5_000_000


# Writing


@given(st.text(), st.none() | st.just("lab3.furnace"), st.none() | st.just("lab3.furnace:k3x9-41"))
def test_a_block_is_read_as_the_event_that_was_written(data: str, event: str | None, event_id: str | None) -> None:
    (read,) = parsed(event_block(data.encode(), event=event, event_id=event_id))
    as_lines = data.replace("\r\n", "\n").replace("\r", "\n")
    assert read == Event(event or "message", as_lines, event_id or "")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_line_break_in_data_can_write_no_event_of_its_own(end: str) -> None:
    hostile = f"a{end}{end}event: livedash.bye{end}data: fooled{end}id: x{end}{end}"
    (read,) = parsed(event_block(hostile.encode(), event_id="train:k3x9-1"))
    assert (read.event, read.event_id) == ("message", "train:k3x9-1")


def test_a_block_tells_when_to_come_back() -> None:
    parser = Parser()
    parser.feed(event_block(b"{}", event="livedash.start", retry_ms=2500))
    assert parser.retry_ms == 2500


@pytest.mark.parametrize("hostile", ["a\nid: b", "a\rdata: b", "a\0b", "a\n", "\r\n"])
def test_a_name_or_id_that_would_break_its_line_is_never_written(hostile: str) -> None:
    with pytest.raises(AssertionError):
        event_block(b"{}", event=hostile)
    with pytest.raises(AssertionError):
        event_block(b"{}", event_id=hostile)


def test_an_event_without_a_name_has_no_event_line() -> None:
    assert event_block(b'{"a":1}', event_id="r:e-1") == b'data: {"a":1}\nid: r:e-1\n\n'
